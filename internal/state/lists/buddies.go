package lists

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxBuddies bounds a document of buddy lists, which may be one line.
const maxBuddies = 64 << 20

// eachBuddy reads the entries of resource lists (RFC 4826 §3.1), as clients export their users' buddy lists: found gets the address and the name that is shown. Lists
// within lists count as well; what only refers to another document does not.
func eachBuddy(r *bufio.Reader, found func(line int, address, name string) error) error {
	d := xml.NewDecoder(&io.LimitedReader{R: r, N: maxBuddies})
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // it is UTF-8 by now
	address, name, line, shown, root := "", "", 0, false, false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("lists: import: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if !root && t.Name.Local != "resource-lists" {
				return fmt.Errorf("lists: import: line 1: XML, but no resource-lists: <%s>", cut(t.Name.Local, 40))
			}
			root, shown = true, t.Name.Local == "display-name"
			if t.Name.Local != "entry" {
				continue
			}
			address, name = "", ""
			line, _ = d.InputPos()
			for _, a := range t.Attr {
				if a.Name.Local == "uri" {
					address = a.Value
				}
			}
		case xml.CharData:
			if shown && address != "" {
				name = strings.TrimSpace(string(t))
			}
		case xml.EndElement:
			shown = false
			if t.Name.Local == "entry" && address != "" {
				if err := found(line, address, name); err != nil {
					return err
				}
			}
		}
	}
}

// readBuddies takes the addresses of resource lists, with the names as notes. What is no value of a list is passed over, as in vCards.
func (in *importer) readBuddies(r *bufio.Reader) error {
	return eachBuddy(r, func(line int, address, name string) error {
		if _, err := ParseValue(address, in.lists.cfg.Plan); err != nil {
			return nil
		}
		return in.take(line, Entry{Value: address, Kind: in.options.Kind, Note: cut(name, 200)})
	})
}
