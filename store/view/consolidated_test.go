package view

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maillon/catalog/contract"
	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store/storetest"
)

// The real files, and the node that publishes each: a buyer platform, another, the
// treasury, and a platform of 2024 whose daily files repeat what was modified. None
// speaks with authority.
var realFiles = []struct{ node, file string }{
	{"aws", "v1/aws-2019.json"}, {"dematis", "v1/dematis-2019.json"}, {"pes", "v1/pes-helios-2019-04.json"},
	{"daily", "v2/dematis.json"}, {"daily", "v2/dematis13.json"}, {"daily", "v2/dematis16.json"}, {"daily", "v2/dematis17.json"}, {"daily", "v2/dematis18.json"},
	{"megalis", "v2/megalis-2024-07.json"}, {"ministry", "v2/refused-by-ministry.json"},
}

// realViews takes the real files in, each as one deposit.
func realViews(t *testing.T) (v *Views, records int) {
	t.Helper()
	dir := os.Getenv("MAILLON_CONFORMANCE")
	if dir == "" {
		t.Skip("MAILLON_CONFORMANCE is not set: the real files are not consolidated")
	}
	if testing.Short() {
		t.Skip("the real files are not consolidated in short tests: it takes seconds")
	}
	v = open(t, storetest.Memory())
	for n, source := range realFiles {
		f, err := os.Open(filepath.Join(dir, "pivot", source.file))
		if err != nil {
			t.Fatal(err)
		}
		var entries []entry.Entry
		for item, err := range pivot.NewReader(f, pivot.Limits{}).Items() {
			if err != nil {
				t.Fatalf("%s: %v", source.file, err)
			}
			if len(item.Problems) > 0 || item.Record.Buyer == "" || item.Record.ID == "" {
				continue
			}
			src := entry.Source{Deposit: source.file, Series: "main", Pointer: item.Record.Pointer, Form: item.Record.Form}
			entries = append(entries, must(t)(entry.NewPut(zeros{}, item.Record, src, at.AddDate(0, 0, n))))
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		feed(t, v, source.node, len(entries)+1, entries...)
		records += len(entries)
	}
	return v, records
}

// TestTheRealFilesConsolidated reports what becomes of the real files, and holds it to
// testdata/real-files.txt, a list made by hand from the files.
func TestTheRealFilesConsolidated(t *testing.T) {
	v, records := realViews(t)
	total := map[string]int{"records": records}
	page := Query{Limit: 1000}
	byID := map[[2]string][]Detail{}
	for {
		list, err := v.Contracts(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range list.Items {
			buyer, slug, _ := strings.Cut(row.Address, "/")
			d, err := v.Contract(buyer, slug)
			if err != nil || d.Address != row.Address {
				t.Fatalf("%s: %s, %v", row.Address, d.Address, err)
			}
			for _, id := range d.IDs {
				byID[[2]string{d.Buyer, id}] = append(byID[[2]string{d.Buyer, id}], d)
			}
			count(total, d)
		}
		if page.After = list.Next; page.After == "" {
			break
		}
	}
	for _, kind := range ConflictKinds {
		found, err := v.Conflicts(ConflictQuery{Kind: kind, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		total["conflicts: "+string(kind)] = found.Total
	}
	for _, name := range slices.Sorted(mapsKeys(total)) {
		t.Logf("%-24s %6d", name, total[name])
	}
	expectations(t, func(what string, args []string) string { return realAnswer(v, total, byID, what, args) })
}

func mapsKeys(m map[string]int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// count adds what one contract is.
func count(total map[string]int, d Detail) {
	total["contracts"]++
	total["contracts: "+string(d.Case)]++
	if len(d.Versions) > 1 {
		total["contracts with versions"]++
	}
	nodes := map[string]bool{}
	for _, v := range d.Versions {
		nodes[v.Node] = true
		for _, also := range v.Also {
			nodes[also.Node] = true
		}
	}
	if len(nodes) > 1 {
		total["contracts of two sources"]++
		if d.Conflict {
			total["  whose sources differ"]++
		}
		for _, v := range d.Versions[1:] {
			if slices.Contains(v.Differs, "montant") {
				total["  in montant"]++
				break
			}
		}
	}
}

// expectations asks each line of the list: a question in words, "=", its answer.
func expectations(t *testing.T, ask func(what string, args []string) string) {
	t.Helper()
	f, err := os.Open("testdata/real-files.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	asked := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		question, want, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		asked++
		words := strings.Fields(question)
		if diff := cmp.Diff(strings.TrimSpace(want), ask(words[0], words[1:])); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", strings.TrimSpace(question), diff)
		}
	}
	if asked < 20 {
		t.Errorf("the list asks %d questions", asked)
	}
}

func realAnswer(v *Views, total map[string]int, byID map[[2]string][]Detail, what string, args []string) string {
	switch what {
	case "total":
		return strconv.Itoa(total[strings.Join(args, " ")])
	case "under": // how many contracts stand under an id, of what case, with how many versions in all
		list := byID[[2]string{args[0], args[1]}]
		cases, versions := map[contract.Case]bool{}, 0
		for _, d := range list {
			cases[d.Case], versions = true, versions+len(d.Versions)
		}
		if len(list) == 0 {
			return "nothing"
		}
		return fmt.Sprintf("%d %s, %d versions", len(list), list[0].Case, versions)
	case "amounts": // of the versions under an id, sorted
		var out []string
		for _, d := range byID[[2]string{args[0], args[1]}] {
			for _, v := range d.Versions {
				if v.Contract.Amount != nil {
					out = append(out, strconv.FormatFloat(*v.Contract.Amount, 'f', -1, 64))
				}
			}
		}
		slices.Sort(out)
		return strings.Join(slices.Compact(out), " ")
	case "conflict": // the kinds of conflict that the contracts under an id are in
		var kinds []string
		for _, kind := range ConflictKinds {
			page, err := v.Conflicts(ConflictQuery{Kind: kind, Buyer: args[0], Limit: 1000})
			if err != nil {
				return err.Error()
			}
			if slices.ContainsFunc(page.Items, func(c Conflict) bool {
				return slices.ContainsFunc(c.Contracts, func(d Detail) bool { return slices.Contains(d.IDs, args[1]) })
			}) {
				kinds = append(kinds, string(kind))
			}
		}
		if kinds == nil {
			return "none"
		}
		return strings.Join(kinds, " ")
	}
	return "what is " + what
}
