package guard

import (
	"strconv"
	"time"
)

// MemoryEvery is how often memories are to be saved: what a crash loses at most.
const MemoryEvery = 5 * time.Minute

// A Memory is a table that is worth keeping over a restart, so that one neither
// sets a slow search back to its beginning nor makes strangers of an office full
// of phones. It fits a Guard of the same Seed and TableBits. Times in it are the
// guard's: where the wall's clock has been set meanwhile they are off by that.
type Memory struct {
	// Name is that of the table, the same in each version.
	Name string

	guard   *Guard
	table   *table
	longest time.Duration // how far ahead a point in time in it can lie; 0: there are none
}

// Memories returns what is worth keeping: who has proven a credential, past bans
// and failures. The counts of floods and the reply credit are of minutes ago and
// none of it.
func (g *Guard) Memories() []Memory {
	account, network := 2*g.cfg.AccountFailures.Window, 2*g.cfg.NetworkFailures.Window
	all := []Memory{
		{"good", g, &g.good, g.cfg.GoodFor},
		{"pairs", g, &g.pairs, pairMemory},
		{"accounts", g, &g.accounts, account},
	}
	for proven := range g.repeat {
		suffix := "-" + strconv.Itoa(proven)
		all = append(all, Memory{"bans" + suffix, g, &g.repeat[proven], 0})
		for k, limit := range g.cfg.Failures.byKind() {
			kind := FailureKind(k).String()
			all = append(all,
				// Who has proven a credential may hold twice the limit, and one more.
				Memory{"failures-" + kind + suffix, g, &g.failures[k][proven], 3 * limit.Window},
				Memory{"networks-" + kind + suffix, g, &g.networks[k][proven], network})
		}
	}
	return all
}

// cell is a cell of a table as it is kept.
type cell struct {
	Index   uint32
	Content uint64
}

// image is a table as it is kept.
type image struct {
	Size  int // of the table; in one of another size each source has another place
	Cells []cell
}

// Image returns what is to be stored; nil where nothing is.
func (m *Memory) Image() any {
	now, img := m.guard.now(), image{Size: len(m.table.cells)}
	for i := range m.table.cells {
		if w := m.table.cells[i].Load(); m.lasts(w, now) {
			img.Cells = append(img.Cells, cell{uint32(i), w})
		}
	}
	if img.Cells == nil {
		return nil
	}
	return img
}

// Restore puts back what was stored, before the first packet; decode reads it
// into what Image returned. What the guard of now could not have written is left
// out.
func (m *Memory) Restore(decode func(any) error) error {
	var img image
	if err := decode(&img); err != nil {
		return err
	}
	if img.Size != len(m.table.cells) {
		return nil
	}
	now := m.guard.now()
	for _, c := range img.Cells {
		if int(c.Index) < len(m.table.cells) && m.lasts(c.Content, now) {
			m.table.cells[c.Index].Store(c.Content)
		}
	}
	return nil
}

// lasts tells whether a cell's content says something, and can say it.
func (m *Memory) lasts(content uint64, now int64) bool {
	v := uint32(content)
	return v != 0 && m.table.worth(v, now) >= 0 && (m.longest == 0 || until(v, now) <= int64(m.longest/tick)+1)
}
