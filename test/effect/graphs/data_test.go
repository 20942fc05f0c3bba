package graphs

import (
	"bufio"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// rating is what one says of another at a time; friendships are ratings of 1.
type rating struct {
	from, to int
	value    float64
	at       float64
}

// data is where the graphs are, relative to this folder: shared/testdata/effect/graphs beside the project.
func data(name string) string {
	return filepath.Join("..", "..", "..", "..", "shared", "testdata", "effect", "graphs", name)
}

// readRatings reads lines of numbers; value and time are columns 2 and 3 of four, of two columns both are friends.
func readRatings(t testing.TB, name string) []rating {
	f, err := os.Open(data(name))
	if err != nil {
		return nil
	}
	defer f.Close()
	var all []rating
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.FieldsFunc(lines.Text(), func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
		var n [4]float64
		ok := len(fields) >= 2
		for i := range min(len(fields), 4) {
			if n[i], err = strconv.ParseFloat(fields[i], 64); err != nil {
				ok = false
			}
		}
		if !ok {
			continue
		}
		r := rating{from: int(n[0]), to: int(n[1]), value: 1}
		if len(fields) == 4 {
			r.value, r.at = n[2], n[3]
		}
		all = append(all, r)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].at < all[j].at })
	return all
}

// friends is the Facebook graph, or one that is made: circles of people who know most of each other, and some others.
func friends(t testing.TB) (edges []rating, people int, made bool) {
	edges = readRatings(t, "facebook_combined.txt")
	if made = edges == nil; made {
		r := rand.New(rand.NewPCG(1, 2))
		for i := range 4000 {
			for range 20 {
				j := i/50*50 + r.IntN(50)
				if r.IntN(10) == 0 {
					j = r.IntN(4000)
				}
				if j != i {
					edges = append(edges, rating{from: i, to: j, value: 1})
				}
			}
		}
	}
	for _, e := range edges {
		people = max(people, e.from+1, e.to+1)
	}
	return edges, people, made
}
