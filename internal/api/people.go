package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gatehouse.example/internal/state/lists"
)

// People are whom our users know.
type People interface {
	// Import reads the address book of a user, who is named by his address or number, and remembers whom it holds. The error wraps lists.ErrValue where
	// there is no such user of ours.
	Import(ctx context.Context, user string, book io.Reader, format lists.Format) (owner string, read lists.Contacts, err error)
	// Expect lets any call to a user be expected for a time. The error wraps lists.ErrValue where there is no such user of ours.
	Expect(ctx context.Context, user string, from, until time.Time) (owner string, err error)
}

// NewExpectation says that a user expects a call from somebody whom he cannot name.
type NewExpectation struct {
	User    string `json:"user" minLength:"1" maxLength:"512" example:"alice@example.test" doc:"the address or number that will be called"`
	Minutes int    `json:"minutes,omitempty" minimum:"1" maximum:"1440" default:"120" doc:"how long"`
}

// Expectation is the time in which calls to a user are expected.
type Expectation struct {
	User  string    `json:"user"`
	Until time.Time `json:"until"`
}

// ImportedContacts says what came of an address book.
type ImportedContacts struct {
	User     string `json:"user"`
	Contacts int    `json:"contacts" doc:"numbers and addresses that are known to this user from now on"`
	LeftOut  int    `json:"left_out" doc:"values that are neither"`
}

func (s *Server) people() {
	register(s, http.MethodPost, "/expectations", "expect-call", "Expect a call: for two hours whoever calls this user is expected", s.expectCall)
	register(s, http.MethodPost, "/contacts", "import-contacts", "Put an address book into a user's white list", s.importContacts)
}

type expectationInput struct{ Body NewExpectation }

type expectationAnswer struct{ Body Expectation }

func (s *Server) expectCall(ctx context.Context, in *expectationInput) (*expectationAnswer, error) {
	from := time.Now()
	until := from.Add(time.Duration(in.Body.Minutes) * time.Minute)
	owner, err := s.cfg.People.Expect(ctx, in.Body.User, from, until)
	if err != nil {
		return nil, s.peopleError(err)
	}
	return &expectationAnswer{Expectation{owner, until.UTC().Truncate(time.Second)}}, nil
}

type contactsInput struct {
	User   string `query:"user" required:"true" minLength:"1" maxLength:"512" doc:"whose address book it is: an address or number of ours"`
	Format string `query:"format" enum:"auto,lines,csv,vcard" default:"auto" doc:"vcard, csv as address books are exported, or lines: one number or address a line"`
	upload
}

type contactsAnswer struct{ Body ImportedContacts }

func (s *Server) importContacts(ctx context.Context, in *contactsInput) (*contactsAnswer, error) {
	owner, read, err := s.cfg.People.Import(ctx, in.User, in.body, fileFormat(in.Format))
	if err != nil {
		return nil, s.peopleError(err)
	}
	return &contactsAnswer{ImportedContacts{owner, len(read.Keys), read.LeftOut}}, nil
}

func (s *Server) peopleError(err error) error {
	switch {
	case errors.Is(err, errBodyTooLarge):
		return huma.NewError(http.StatusRequestEntityTooLarge, errBodyTooLarge.Error())
	case errors.Is(err, lists.ErrValue), strings.HasPrefix(err.Error(), "lists: import"):
		return huma.Error422UnprocessableEntity(strings.ReplaceAll(err.Error(), "lists: ", ""))
	}
	return s.failed("the store of whom users know", err)
}
