package lists_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gatehouse.example/internal/state/lists"
)

// bounded is a store that counts the entries of each transaction and fails from one of them on.
type bounded struct {
	*memory
	sizes []int
	until int
}

var errFull = errors.New("the disk is full")

func (b *bounded) PutEntries(ctx context.Context, entries []lists.Entry) error {
	if len(b.sizes) == b.until {
		return errFull
	}
	b.sizes = append(b.sizes, len(entries))
	return b.memory.PutEntries(ctx, entries)
}

// Whoever else writes waits for a transaction: the history lost attempts while a million entries were one of them.
func TestManyEntriesAreStoredInManyTransactions(t *testing.T) {
	var text strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&text, "+1555%07d\n", i)
	}
	for until, want := range map[int]int{100: 10000, 1: 4096, 0: 0} {
		b := &bounded{memory: newMemory(), until: until}
		l := newLists(b)
		_, err := l.Import(context.Background(), "bought", strings.NewReader(text.String()), lists.ImportOptions{})
		if failed := want < 10000; errors.Is(err, errFull) != failed {
			t.Errorf("until %d: %v", until, err)
		}
		for _, n := range b.sizes {
			if n > 4096 {
				t.Errorf("%d entries in one transaction", n)
			}
		}
		at := now().UnixNano()
		for i := range 10000 {
			if found := l.FindNumber(lists.Block, fmt.Sprintf("+1555%07d", i), at) != nil; found != (i < want) {
				t.Fatalf("until %d: entry %d in memory: %v", until, i, found)
			}
		}
		if len(b.entries) != want {
			t.Errorf("until %d: %d entries stored, want %d", until, len(b.entries), want)
		}
	}
}
