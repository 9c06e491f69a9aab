package config

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mixus/usher/directory"
)

// write writes a tree as JSON, with the pairs of every mapping in an order of the caller's.
func write(b *strings.Builder, n *node, order func([]pair)) {
	switch n.kind {
	case isList:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteString(",\n")
			}
			write(b, item, order)
		}
		b.WriteByte(']')
	case isMapping:
		pairs := slices.Clone(n.pairs)
		order(pairs)
		b.WriteByte('{')
		for i, p := range pairs {
			if i > 0 {
				b.WriteString(",\n")
			}
			key, _ := json.Marshal(p.key.text)
			b.Write(key)
			b.WriteString(": ")
			write(b, p.value, order)
		}
		b.WriteByte('}')
	case isText:
		text, _ := json.Marshal(n.text)
		b.Write(text)
	case isNull:
		b.WriteString("null")
	default:
		b.WriteString(n.text)
	}
}

// examples are the files that must mean the same in any order of keys.
func exampleFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../examples/*/organizations/*.*")
	if err != nil || len(files) < 2 {
		t.Fatalf("found the examples %v: %v", files, err)
	}
	return append(files, "testdata/domain.json", "testdata/permission-sets.json", "testdata/everything.yaml")
}

func TestKeyOrderCarriesNoMeaning(t *testing.T) {
	sorted := func(pairs []pair) {
		slices.SortFunc(pairs, func(a, b pair) int { return strings.Compare(a.key.text, b.key.text) })
	}
	random := rand.New(rand.NewPCG(1, 2))
	shuffled := func(pairs []pair) {
		random.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
	}
	for _, file := range exampleFiles(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		options := Options{
			Values: map[string]string{"tenant": "acme-two"},
			Read:   folder{base: "testdata", root: "testdata"}.read,
			List:   folder{base: "testdata", root: "testdata"}.list,
		}
		want, problems := ParseOrganization(filepath.Base(file), text, options)
		if directory.Failed(problems) {
			t.Fatalf("%s: %v", file, problems)
		}
		root, _ := parseTree(newSource("x", text))
		for i, order := range []func([]pair){sorted, shuffled, shuffled, shuffled} {
			var b strings.Builder
			write(&b, root, order)
			got, problems := ParseOrganization(filepath.Base(file), []byte(b.String()), options)
			if directory.Failed(problems) {
				t.Fatalf("%s, order %d: %v\n%s", file, i, problems, b.String())
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(directory.Position{}, Places{}), cmpopts.IgnoreFields(Rule{}, "WhenRaw")); diff != "" {
				t.Errorf("%s, order %d, means something else (-file +reordered):\n%s", file, i, diff)
			}
		}
	}
}
