package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gatehouse.example/internal/state/lists"
)

// NewEntry is an entry to be put on a list.
type NewEntry struct {
	Value   string     `json:"value" minLength:"1" maxLength:"1024" doc:"a number, number prefix (+1555*), address, domain, IP prefix or ua:TEXT"`
	Kind    lists.Kind `json:"kind" enum:"block,allow"`
	Note    string     `json:"note,omitempty" maxLength:"1024"`
	Expires time.Time  `json:"expires,omitzero" doc:"when it stops matching; absent: never"`
}

// EntryPage is a list's entries by value.
type EntryPage struct {
	Entries []lists.Entry `json:"entries"`
	Next    string        `json:"next" doc:"after= of the next page; empty at the end"`
}

// ListNames are all lists by name.
type ListNames struct {
	Lists []lists.Summary `json:"lists"`
}

// ListPath is a list named in the path.
type ListPath struct {
	Name string `path:"name" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$" example:"local" doc:"a list comes to be by its first entry"`
}

func (s *Server) lists() {
	register(s, http.MethodGet, "/lists", "list-lists", "The lists that have entries", s.listLists)
	register(s, http.MethodGet, "/lists/{name}/entries", "list-entries", "A list's entries", s.listEntries)
	register(s, http.MethodPost, "/lists/{name}/entries", "put-entry", "Put an entry on a list, or change it", s.putEntry)
	register(s, http.MethodDelete, "/lists/{name}/entries", "delete-entry", "Take an entry off a list", s.deleteEntry)
	register(s, http.MethodPost, "/lists/{name}/import", "import-entries", "Put a file of entries on a list", s.importEntries)
	register(s, http.MethodGet, "/lists/{name}/export", "export-entries", "A list as a file", s.exportEntries)
}

type listsAnswer struct{ Body ListNames }

func (s *Server) listLists(context.Context, *struct{}) (*listsAnswer, error) {
	all := s.cfg.Lists.Summaries()
	if all == nil {
		all = []lists.Summary{}
	}
	return &listsAnswer{ListNames{all}}, nil
}

type entriesQuery struct {
	ListPath
	Limit int    `query:"limit" minimum:"0" maximum:"1000000" doc:"how many at most; 0: all"`
	After string `query:"after" maxLength:"1024" doc:"only values behind this one: the next of the page before"`
}

type entriesAnswer struct{ Body EntryPage }

func (s *Server) listEntries(_ context.Context, in *entriesQuery) (*entriesAnswer, error) {
	all := s.cfg.Lists.Entries(in.Name)
	if in.After != "" {
		from, found := slices.BinarySearchFunc(all, in.After, func(e lists.Entry, v string) int { return cmp.Compare(e.Value, v) })
		if found {
			from++
		}
		all = all[from:]
	}
	page := EntryPage{Entries: all}
	if in.Limit > 0 && len(all) > in.Limit {
		page.Entries, page.Next = all[:in.Limit], all[in.Limit-1].Value
	}
	if page.Entries == nil {
		page.Entries = []lists.Entry{}
	}
	return &entriesAnswer{page}, nil
}

type entryInput struct {
	ListPath
	Body NewEntry
}

type entryAnswer struct{ Body lists.Entry }

func (s *Server) putEntry(ctx context.Context, in *entryInput) (*entryAnswer, error) {
	b := &in.Body
	added, err := s.cfg.Lists.Add(ctx, lists.Entry{List: in.Name, Value: b.Value, Kind: b.Kind, Note: b.Note, Expires: b.Expires})
	if err != nil {
		return nil, s.listError(err)
	}
	return &entryAnswer{added[0]}, nil
}

type entryName struct {
	ListPath
	Value string `query:"value" required:"true" minLength:"1" maxLength:"1024"`
}

func (s *Server) deleteEntry(ctx context.Context, in *entryName) (*struct{}, error) {
	found, err := s.cfg.Lists.Remove(ctx, in.Name, in.Value)
	if err != nil {
		return nil, s.listError(err)
	}
	if !found {
		return nil, huma.Error404NotFound("this value is not on the list")
	}
	return nil, nil
}

func (s *Server) listError(err error) error {
	if errors.Is(err, lists.ErrValue) || errors.Is(err, lists.ErrRange) || errors.Is(err, lists.ErrList) || errors.Is(err, lists.ErrDeclared) {
		return huma.Error422UnprocessableEntity(strings.ReplaceAll(err.Error(), "lists: ", ""))
	}
	return s.failed("the list store", err)
}
