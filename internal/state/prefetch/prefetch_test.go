package prefetch_test

import (
	"testing"

	"gatehouse.example/internal/state/prefetch"
)

func TestAskingChangesAndAllocatesNothing(t *testing.T) {
	table := make([][8]uint64, 1024)
	for i := range table {
		table[i][0] = uint64(i)
	}
	if allocated := testing.AllocsPerRun(100, func() {
		for i := range table {
			prefetch.Of(&table[i])
			prefetch.Of(&table[i][3])
		}
		prefetch.Of((*[1024][8]uint64)(table))
	}); allocated != 0 {
		t.Errorf("%v allocations", allocated)
	}
	for i := range table {
		if table[i][0] != uint64(i) {
			t.Fatalf("row %d is %d", i, table[i][0])
		}
	}
}

// BenchmarkSum reads 16 far rows for each step, and with ahead asks for all of them first.
func BenchmarkSum(b *testing.B) {
	const rows, each = 1 << 20, 16
	table := make([][8]uint64, rows)
	for _, ahead := range []bool{false, true} {
		name := "in turn"
		if ahead {
			name = "ahead"
		}
		b.Run(name, func(b *testing.B) {
			at := uint64(1)
			for b.Loop() {
				first := at
				for i := range uint64(each) {
					if ahead {
						prefetch.Of(&table[(first+i)*0x9E3779B97F4A7C15>>44])
					}
				}
				for i := range uint64(each) {
					// What is read next depends on what was read, as behind a lock.
					at = first + i + 1 + table[(at+i)*0x9E3779B97F4A7C15>>44][0]
				}
				at += each
			}
		})
	}
}
