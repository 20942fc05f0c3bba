package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
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

func (e *NewEntry) entry(list string) lists.Entry {
	return lists.Entry{List: list, Value: e.Value, Kind: e.Kind, Note: e.Note, Added: time.Now().UTC(), Expires: e.Expires}
}

// EntryPage is a list's entries by value.
type EntryPage struct {
	Entries []lists.Entry `json:"entries"`
	Next    string        `json:"next" doc:"after= of the next page; empty at the end"`
}

// ListInfo is a list's name and size.
type ListInfo struct {
	Name    string `json:"name"`
	Entries int    `json:"entries"`
}

// ListNames are all lists by name.
type ListNames struct {
	Lists []ListInfo `json:"lists"`
}

type listName struct {
	Name string `path:"name" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$" example:"local" doc:"a list comes to be by its first entry"`
}

func (s *Server) lists() {
	register(s, http.MethodGet, "/lists", "list-lists", "The lists that have entries", s.listLists)
	register(s, http.MethodGet, "/lists/{name}/entries", "list-entries", "A list's entries", s.listEntries)
	register(s, http.MethodPost, "/lists/{name}/entries", "put-entry", "Put an entry on a list, or change it", s.putEntry)
	register(s, http.MethodDelete, "/lists/{name}/entries", "delete-entry", "Take an entry off a list", s.deleteEntry)
	register(s, http.MethodPost, "/lists/{name}/import", "import-entries", "Put many entries on a list, all or none", s.importEntries)
}

type listsAnswer struct{ Body ListNames }

func (s *Server) listLists(context.Context, *struct{}) (*listsAnswer, error) {
	count := map[string]int{}
	for _, e := range s.cfg.Lists.Entries("") {
		count[e.List]++
	}
	out := ListNames{Lists: []ListInfo{}}
	for name, n := range count {
		out.Lists = append(out.Lists, ListInfo{name, n})
	}
	slices.SortFunc(out.Lists, func(a, b ListInfo) int { return cmp.Compare(a.Name, b.Name) })
	return &listsAnswer{out}, nil
}

type entriesQuery struct {
	listName
	Limit int    `query:"limit" minimum:"0" maximum:"1000000" doc:"how many at most; 0: all"`
	After string `query:"after" maxLength:"1024" doc:"only values behind this one: the next of the page before"`
}

type entriesAnswer struct{ Body EntryPage }

func (s *Server) listEntries(_ context.Context, in *entriesQuery) (*entriesAnswer, error) {
	all := s.cfg.Lists.Entries(in.Name)
	slices.SortFunc(all, func(a, b lists.Entry) int { return cmp.Compare(a.Value, b.Value) })
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
	listName
	Body NewEntry
}

type entryAnswer struct{ Body lists.Entry }

func (s *Server) putEntry(ctx context.Context, in *entryInput) (*entryAnswer, error) {
	e := in.Body.entry(in.Name)
	if err := s.cfg.Lists.Put(ctx, e); err != nil {
		return nil, s.listError(err)
	}
	return &entryAnswer{e}, nil
}

type entriesInput struct {
	listName
	Body struct {
		Entries []NewEntry `json:"entries" maxItems:"100000"`
	}
}

// Imported is how many entries an import has put on a list.
type Imported struct {
	Imported int `json:"imported"`
}

type importAnswer struct{ Body Imported }

func (s *Server) importEntries(ctx context.Context, in *entriesInput) (*importAnswer, error) {
	all := make([]lists.Entry, len(in.Body.Entries))
	for i := range in.Body.Entries {
		all[i] = in.Body.Entries[i].entry(in.Name)
	}
	if err := s.cfg.Lists.Put(ctx, all...); err != nil {
		return nil, s.listError(err)
	}
	return &importAnswer{Imported{len(all)}}, nil
}

type entryName struct {
	listName
	Value string `query:"value" required:"true" minLength:"1" maxLength:"1024"`
}

func (s *Server) deleteEntry(ctx context.Context, in *entryName) (*struct{}, error) {
	found, err := s.cfg.Lists.Delete(ctx, in.Name, in.Value)
	if err != nil {
		return nil, s.listError(err)
	}
	if !found {
		return nil, huma.Error404NotFound("this value is not on the list")
	}
	return nil, nil
}

func (s *Server) listError(err error) error {
	if errors.Is(err, lists.ErrValue) || errors.Is(err, lists.ErrList) {
		return huma.Error422UnprocessableEntity(err.Error())
	}
	return s.failed("the list store", err)
}
