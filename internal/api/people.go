package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gatehouse.example/internal/state/known"
	"gatehouse.example/internal/state/lists"
)

// People are whom our users know.
type People interface {
	// Import reads the address book of a user, who is named by his address or number, and remembers whom it holds. The error wraps lists.ErrValue where
	// there is no such user of ours.
	Import(ctx context.Context, user string, book io.Reader, format lists.Format) (owner string, read lists.Contacts, err error)
	// Contacts returns whom a user knows, by name, from behind after on; most is how many at most, 0 all. Errors are as those of Import.
	Contacts(ctx context.Context, user, after string, most int) (owner string, all []known.Entry, err error)
	// Forget removes a contact of a user, and tells whether there was one.
	Forget(ctx context.Context, user, contact string) (found bool, err error)
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

// Contact is somebody whom a user knows: he is on the white list that fills itself.
type Contact struct {
	Contact  string    `json:"contact" doc:"a number or address"`
	Imported bool      `json:"imported" doc:"it is in the user's address book, or on his buddy list"`
	Called   int       `json:"called" doc:"calls of the user to it, call-backs included"`
	Answered int       `json:"answered" doc:"those that were answered"`
	Messaged int       `json:"messaged" doc:"messages of the user to it"`
	Talked   int       `json:"talked" doc:"its calls that became a conversation"`
	First    time.Time `json:"first" doc:"when the user came to know it"`
	Last     time.Time `json:"last" doc:"when one heard of the other last"`
}

// ContactPage are contacts by name.
type ContactPage struct {
	User     string    `json:"user"`
	Contacts []Contact `json:"contacts"`
	Next     string    `json:"next" doc:"after= of the next page; empty at the end"`
}

func (s *Server) people() {
	register(s, http.MethodPost, "/expectations", "expect-call", "Expect a call: for two hours whoever calls this user is expected", s.expectCall)
	register(s, http.MethodGet, "/contacts", "list-contacts", "Whom a user knows: his address book, and whom he has called", s.listContacts)
	register(s, http.MethodDelete, "/contacts", "delete-contact", "Remove a contact from a user's white list", s.deleteContact)
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
	Format string `query:"format" enum:"auto,lines,csv,vcard,buddies" default:"auto" doc:"vcard, buddies (resource lists), csv as address books are exported, or lines: one number or address a line"`
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

type contactsQuery struct {
	User  string `query:"user" required:"true" minLength:"1" maxLength:"512" doc:"an address or number of ours"`
	Limit int    `query:"limit" minimum:"0" maximum:"1000000" doc:"how many at most; 0: all"`
	After string `query:"after" maxLength:"1024" doc:"only contacts behind this one: the next of the page before"`
}

type contactPageAnswer struct{ Body ContactPage }

func (s *Server) listContacts(ctx context.Context, in *contactsQuery) (*contactPageAnswer, error) {
	most := in.Limit
	if most > 0 {
		most++ // is there more?
	}
	owner, all, err := s.cfg.People.Contacts(ctx, in.User, in.After, most)
	if err != nil {
		return nil, s.peopleError(err)
	}
	page := ContactPage{User: owner, Contacts: []Contact{}}
	if in.Limit > 0 && len(all) > in.Limit {
		all = all[:in.Limit]
		page.Next = all[in.Limit-1].Peer
	}
	for i := range all {
		e := &all[i]
		page.Contacts = append(page.Contacts, Contact{
			Contact: e.Peer, Imported: e.Imported, Called: int(e.Called) + int(e.CallBacks), Answered: int(e.Answered), Messaged: int(e.Messaged),
			Talked: int(e.Talked), First: e.First, Last: e.Last,
		})
	}
	return &contactPageAnswer{page}, nil
}

type contactName struct {
	User    string `query:"user" required:"true" minLength:"1" maxLength:"512" doc:"an address or number of ours"`
	Contact string `query:"contact" required:"true" minLength:"1" maxLength:"1024" doc:"the number or address that he knows"`
}

func (s *Server) deleteContact(ctx context.Context, in *contactName) (*struct{}, error) {
	found, err := s.cfg.People.Forget(ctx, in.User, in.Contact)
	if err != nil {
		return nil, s.peopleError(err)
	}
	if !found {
		return nil, huma.Error404NotFound("this user has no such contact")
	}
	return nil, nil
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
