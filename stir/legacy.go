package stir

import (
	"gatehouse.example/sip"
)

type LegacyRequest struct{}
type Legacy struct{}

func legacyRequest(m *sip.Message, info []byte) *LegacyRequest { return nil }
