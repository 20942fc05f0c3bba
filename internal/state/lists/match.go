package lists

import (
	"sync/atomic"
	"time"
)

// Match is an entry that was found.
type Match struct {
	Entry
	is   Type // what the value is
	said atomic.Pointer[string]
}

// String says in words what was found: "number +1555123* in list 'local', added 2026-11-20". It is put into words once, and allocates nothing from then on.
func (m *Match) String() string {
	if s := m.said.Load(); s != nil {
		return *s
	}
	s := m.is.String() + " " + m.Value + " in list '" + m.List + "', added " + m.Added.UTC().Format(time.DateOnly)
	m.said.Store(&s)
	return s
}
