package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gatehouse.example/internal/state/lists"
)

type importInput struct {
	ListPath
	Format       string    `query:"format" enum:"auto,lines,csv,vcard,buddies" default:"auto" doc:"lines: one value a line; csv: with a heading such as value,kind,note,expires; vcard: an address book; buddies: resource lists"`
	Kind         string    `query:"kind" enum:"block,allow" default:"block" doc:"for values without one"`
	Note         string    `query:"note" maxLength:"1024" doc:"for values without one"`
	Expires      time.Time `query:"expires" doc:"for values without one"`
	AllowPrivate bool      `query:"allow_private" doc:"take addresses that are never on the public Internet"`
	AllowWide    bool      `query:"allow_wide" doc:"take what holds a large part of the world"`
	AllowOwn     bool      `query:"allow_own" doc:"take what is our own or that of our peers, such as traps in our domain"`
	upload
}

// upload is a body that is read as it comes, for files larger than one wants in memory.
type upload struct{ body *bounded }

// Resolve implements huma.Resolver: it takes the body before anybody has read it, and the time that a large one needs.
func (u *upload) Resolve(ctx huma.Context) []error {
	_ = ctx.SetReadDeadline(time.Now().Add(uploadTime)) // an adapter that cannot has its own limits
	if _, w := unwrap(ctx); w != nil {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(uploadTime + time.Minute))
	}
	most := int64(maxImport)
	if op := ctx.Operation(); op.MaxBodyBytes > 0 {
		most = op.MaxBodyBytes
	}
	u.body = &bounded{r: ctx.BodyReader(), left: most}
	return nil
}

// uploadTime is how long a large file may take on its way.
const uploadTime = 10 * time.Minute

var errBodyTooLarge = errors.New("the file is too large")

// bounded reads so many octets and fails where there are more.
type bounded struct {
	r    io.Reader
	left int64
	read int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.r == nil {
		return 0, io.EOF
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left+1)])
	b.read += int64(n)
	if b.left -= int64(n); b.left < 0 {
		return 0, errBodyTooLarge
	}
	return n, err
}

// largeImport is a file of some ten thousand entries.
const largeImport = 256 << 10

type importAnswer struct{ Body lists.Imported }

func (s *Server) importEntries(ctx context.Context, in *importInput) (*importAnswer, error) {
	options := lists.ImportOptions{
		Format: fileFormat(in.Format), Note: in.Note, Expires: in.Expires,
		AllowPrivate: in.AllowPrivate, AllowWide: in.AllowWide, AllowOwn: in.AllowOwn,
	}
	if err := options.Kind.UnmarshalText([]byte(in.Kind)); err != nil {
		return nil, huma.Error422UnprocessableEntity(err.Error())
	}
	done, err := s.cfg.Lists.Import(ctx, in.Name, in.body, options)
	if in.body.read > largeImport {
		debug.FreeOSMemory() // what reading a large list took is not needed again soon
	}
	switch {
	case err == nil:
		return &importAnswer{done}, nil
	case errors.Is(err, errBodyTooLarge):
		return nil, huma.NewError(http.StatusRequestEntityTooLarge, errBodyTooLarge.Error())
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
	case "buddies":
		return lists.Buddies
	}
	return lists.Auto
}
