package register_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gatehouse.example/internal/state/register"
)

// BenchmarkHas looks numbers up in a register of a million, of an assigned density; bench/register does the same with 250 million.
func BenchmarkHas(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	numbers := make([]uint64, 1_000_000)
	for i := range numbers {
		numbers[i] = 12_120_000_000 + random.Uint64N(13_000_000)
	}
	r := open(b, newMemory())
	fill(b, r, numbers, register.Options{})
	asked := make([]string, 1<<16)
	for i := range asked {
		asked[i] = fmt.Sprintf("+%d", 12_120_000_000+random.Uint64N(13_000_000))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.Has(asked[i&(1<<16-1)])
	}
}

func BenchmarkImport(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	numbers := make([]uint64, 1_000_000)
	for i := range numbers {
		numbers[i] = 12_120_000_000 + random.Uint64N(13_000_000)
	}
	for _, order := range []string{"shuffled", "sorted"} {
		if order == "sorted" {
			slices.Sort(numbers)
		}
		text := lines(numbers)
		r := open(b, newMemory())
		b.Run(order, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := r.Import(context.Background(), strings.NewReader(text), register.Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(numbers)*b.N)/b.Elapsed().Seconds(), "numbers/s")
		})
	}
}
