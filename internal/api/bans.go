package api

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gatehouse.example/internal/guard"
)

// Source is a banned address or prefix.
type Source = netip.Prefix

// Ban is a banned source.
type Ban struct {
	Source   string    `json:"source" maxLength:"64" doc:"an address or prefix" example:"192.0.2.7/32"`
	Reason   string    `json:"reason,omitempty" maxLength:"120"`
	Evidence string    `json:"evidence,omitempty" readOnly:"true"`
	Created  time.Time `json:"created,omitzero" readOnly:"true"`
	Expires  time.Time `json:"expires,omitzero" doc:"absent: until it is lifted"`
}

// BanList are all bans in force.
type BanList struct {
	Bans []Ban `json:"bans"`
}

func (s *Server) bans() {
	register(s, http.MethodGet, "/bans", "list-bans", "The sources that are banned", s.listBans)
	register(s, http.MethodPost, "/bans", "add-ban", "Ban a source", s.addBan)
	register(s, http.MethodDelete, "/bans", "lift-ban", "Lift a ban", s.liftBan)
}

type bansAnswer struct{ Body BanList }

func (s *Server) listBans(context.Context, *struct{}) (*bansAnswer, error) {
	out := BanList{Bans: []Ban{}}
	for _, b := range s.cfg.Bans.Bans() {
		out.Bans = append(out.Bans, banOf(b))
	}
	return &bansAnswer{out}, nil
}

func banOf(b guard.Ban) Ban {
	created := b.Created.Truncate(time.Microsecond)
	return Ban{Source: b.Source.String(), Reason: b.Reason, Evidence: b.Evidence, Created: created, Expires: b.Expires.Truncate(time.Microsecond)}
}

type banInput struct{ Body Ban }

type banAnswer struct{ Body Ban }

func (s *Server) addBan(_ context.Context, in *banInput) (*banAnswer, error) {
	source, err := ParseSource(in.Body.Source)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity(err.Error())
	}
	b := guard.Ban{Source: source, Reason: in.Body.Reason, Evidence: "added by hand", Created: time.Now().UTC(), Expires: in.Body.Expires}
	if b.Reason == "" {
		b.Reason = "added by hand"
	}
	switch err := s.cfg.Bans.Ban(b); {
	case errors.Is(err, guard.ErrPeer):
		return nil, huma.Error409Conflict(source.String() + " belongs to a peer, and peers are never banned; take it out of `peers` first")
	case errors.Is(err, guard.ErrFull):
		return nil, huma.Error409Conflict("there are as many bans as allowed; lift some first")
	case errors.Is(err, guard.ErrExpired):
		return nil, huma.Error422UnprocessableEntity("expires lies in the past")
	case errors.Is(err, guard.ErrPrefix):
		return nil, huma.Error422UnprocessableEntity(source.String() + " is every address there is; write hosts or networks, as 192.0.2.7 or 192.0.2.0/24")
	case err != nil:
		return nil, huma.Error422UnprocessableEntity(err.Error())
	}
	return &banAnswer{banOf(b)}, nil
}

type banSource struct {
	Source string `query:"source" required:"true" maxLength:"64"`
}

func (s *Server) liftBan(_ context.Context, in *banSource) (*struct{}, error) {
	source, err := ParseSource(in.Source)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity(err.Error())
	}
	if !s.cfg.Bans.Lift(source) {
		return nil, huma.Error404NotFound(source.String() + " is not banned")
	}
	return nil, nil
}

// ParseSource reads an address or a prefix.
func ParseSource(text string) (Source, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, errors.New("the source is not an IP address or prefix; write it as 192.0.2.7 or 192.0.2.0/24")
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96) // as the addresses of packets are
	}
	return p.Masked(), nil
}
