package api

import (
	"bytes"
	"context"
	"errors"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gatehouse.example/internal/state/lists"
)

type importInput struct {
	ListPath
	Format       string    `query:"format" enum:"auto,lines,csv,vcard" default:"auto" doc:"lines: one value a line; csv: value,kind,note,expires; vcard: an address book"`
	Kind         string    `query:"kind" enum:"block,allow" default:"block" doc:"for values without one"`
	Note         string    `query:"note" maxLength:"1024" doc:"for values without one"`
	Expires      time.Time `query:"expires" doc:"for values without one"`
	AllowPrivate bool      `query:"allow_private" doc:"take addresses that are never on the public Internet"`
	AllowWide    bool      `query:"allow_wide" doc:"take what holds a large part of the world"`
	RawBody      []byte    `contentType:"text/plain"`
}

// largeImport is a file of some ten thousand entries.
const largeImport = 256 << 10

type importAnswer struct{ Body lists.Imported }

func (s *Server) importEntries(ctx context.Context, in *importInput) (*importAnswer, error) {
	options := lists.ImportOptions{
		Format: fileFormat(in.Format), Note: in.Note, Expires: in.Expires,
		AllowPrivate: in.AllowPrivate, AllowWide: in.AllowWide,
	}
	if err := options.Kind.UnmarshalText([]byte(in.Kind)); err != nil {
		return nil, huma.Error422UnprocessableEntity(err.Error())
	}
	done, err := s.cfg.Lists.Import(ctx, in.Name, bytes.NewReader(in.RawBody), options)
	if len(in.RawBody) > largeImport {
		in.RawBody = nil
		debug.FreeOSMemory() // what reading a large list took is not needed again soon
	}
	switch {
	case err == nil:
		return &importAnswer{done}, nil
	case errors.Is(err, lists.ErrValue), errors.Is(err, lists.ErrList), strings.HasPrefix(err.Error(), "lists: import"): // of the file, not of the store
		return nil, huma.Error422UnprocessableEntity(strings.ReplaceAll(err.Error(), "lists: ", ""))
	}
	return nil, s.failed("the list store", err)
}

type exportInput struct {
	ListPath
	Format string `query:"format" enum:"lines,csv" default:"csv" doc:"lines holds the values of one kind only"`
	Kind   string `query:"kind" enum:"block,allow" default:"block" doc:"which kind, for lines"`
}

type exportAnswer struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *Server) exportEntries(_ context.Context, in *exportInput) (*exportAnswer, error) {
	var kind lists.Kind
	if err := kind.UnmarshalText([]byte(in.Kind)); err != nil {
		return nil, huma.Error422UnprocessableEntity(err.Error())
	}
	var b bytes.Buffer
	if err := s.cfg.Lists.Export(&b, in.Name, fileFormat(in.Format), kind); err != nil {
		return nil, s.failed("the export", err)
	}
	contentType := "text/csv; charset=utf-8"
	if in.Format == "lines" {
		contentType = "text/plain; charset=utf-8"
	}
	return &exportAnswer{contentType, b.Bytes()}, nil
}

func fileFormat(word string) lists.Format {
	switch word {
	case "lines":
		return lists.Lines
	case "csv":
		return lists.CSV
	case "vcard":
		return lists.VCard
	}
	return lists.Auto
}
