package report

import (
	"cmp"
	"slices"
)

// Count is how often a name came. Where more names were seen than are counted it is a lower bound: the rarer ones are forgotten now and then.
type Count struct {
	Name     string `json:"name"`
	Attempts int    `json:"attempts"`
}

// The bounds of a table: how many names are counted, and how many are shown.
const (
	maxNames = 4096
	shown    = 10
)

// frequent counts names.
type frequent struct {
	counts map[string]int
}

func (f *frequent) add(name string) {
	if name == "" {
		return
	}
	if f.counts == nil {
		f.counts = make(map[string]int)
	}
	if _, known := f.counts[name]; !known && len(f.counts) >= maxNames {
		f.halve()
	}
	f.counts[name]++
}

// halve forgets the rarer half, so that it happens once in thousands of new names.
func (f *frequent) halve() {
	all := f.sorted()
	for _, c := range all[maxNames/2:] {
		delete(f.counts, c.Name)
	}
}

func (f *frequent) sorted() []Count {
	all := make([]Count, 0, len(f.counts))
	for name, n := range f.counts {
		all = append(all, Count{name, n})
	}
	slices.SortFunc(all, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Attempts, a.Attempts), cmp.Compare(a.Name, b.Name)) })
	return all
}

func (f *frequent) top() []Count {
	all := f.sorted()
	return all[:min(len(all), shown)]
}
