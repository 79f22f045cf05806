// Command catalog measures how fast RDF is read, beside rapper (C) and rdflib
// (Python), whole processes, in the same run: make bench-catalog. Each reads a
// made-up DCAT catalogue and says the number of its triples, which must agree.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"maillon/catalog/rdf/parse"
)

func main() {
	read := flag.String("parse", "", "read the file named after this syntax, and say the number of its triples")
	scale := flag.Float64("scale", 1, "of the files' sizes")
	maillon := flag.String("maillon", "", "the program whose serving is measured; none if empty")
	seconds := flag.Int("seconds", 5, "of each run of serving")
	flag.Parse()
	err := error(nil)
	if *read != "" {
		err = count(*read, flag.Arg(0))
	} else {
		if *scale > 0 {
			err = measure(*scale)
		}
		if err == nil && *maillon != "" {
			err = serving(context.Background(), *maillon, *seconds)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// A syntax is a syntax by the names that the programs give it.
type syntax struct {
	name, rdflib string
	is           parse.Syntax
	write        func(io.Writer, int64)
}

var syntaxes = []syntax{
	{"ntriples", "nt", parse.NTriples, writeLines}, {"turtle", "turtle", parse.Turtle, writeTurtle}, {"rdfxml", "xml", parse.RDFXML, writeXML},
	{"jsonld", "json-ld", parse.JSONLD, writeJSONLD},
}

func count(name, file string) error {
	i := slices.IndexFunc(syntaxes, func(s syntax) bool { return s.name == name })
	if i < 0 {
		return fmt.Errorf("syntax %q is not known", name)
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	n := 0
	err = parse.Read(f, syntaxes[i].is, "http://base.invalid/", parse.Limits{Bytes: 4 << 30}, func(parse.Quad) error { n++; return nil })
	fmt.Println(n)
	return err
}

const runs = 5

// measure reads each file with each program in turns and prints medians.
func measure(scale float64) error {
	dir, err := os.MkdirTemp("", "bench-catalog")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Println("| syntax | triples | maillon MB/s (peak MB) | rapper MB/s | times rapper | rdflib MB/s | times rdflib |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for _, datasets := range []float64{10_000, 57_000} { // 210,000 and 1.2 million triples
		for _, s := range syntaxes {
			file := filepath.Join(dir, "file."+s.name)
			if err := make(file, s, int64(datasets*scale)); err != nil {
				return err
			}
			if err := compare(self, file, s, datasets < 20_000); err != nil {
				return err
			}
		}
	}
	return nil
}

func make(file string, s syntax, datasets int64) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	s.write(w, datasets)
	return errors.Join(w.Flush(), f.Close())
}

// A result is what a process did.
type result struct {
	seconds, peak float64
	triples       int
}

// compare measures one file (rdflib is that of Debian, python3-rdflib); rdflib takes minutes for the large ones and is
// left out of them.
func compare(self, file string, s syntax, slow bool) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	programs := map[string][]string{
		"maillon": {self, "-parse", s.name, file},
		"rapper":  {"rapper", "-q", "-c", "-i", s.name, file, "http://base.invalid/"},
	}
	if s.is == parse.JSONLD { // rapper reads none
		delete(programs, "rapper")
	}
	if slow {
		programs["rdflib"] = []string{"/usr/bin/python3", "-c", "import rdflib,sys; g=rdflib.Graph(); g.parse(sys.argv[1],format=sys.argv[2]); print(len(g))", file, s.rdflib}
	}
	results := map[string][]result{}
	for run := range runs {
		for name, args := range programs {
			if name == "rdflib" && run > 0 {
				continue
			}
			r, err := once(args)
			if err != nil {
				return fmt.Errorf("%s on %s: %w", name, s.name, err)
			}
			results[name] = append(results[name], r)
		}
	}
	ours := median(results["maillon"])
	mb := float64(info.Size()) / 1e6
	line := fmt.Sprintf("| %s | %d | %.0f (%.0f) |", s.name, ours.triples, mb/ours.seconds, ours.peak)
	if theirs := results["rapper"]; theirs != nil {
		line += fmt.Sprintf(" %.1f | %.1f |", mb/median(theirs).seconds, median(theirs).seconds/ours.seconds)
	} else {
		line += " – | – |"
	}
	if slow {
		python := median(results["rdflib"])
		if python.triples != ours.triples {
			return fmt.Errorf("%s: %d triples, rdflib reads %d", s.name, ours.triples, python.triples)
		}
		line += fmt.Sprintf(" %.1f | %.1f |", mb/python.seconds, python.seconds/ours.seconds)
	} else {
		line += " – | – |"
	}
	fmt.Println(line)
	return nil
}

func median(list []result) result {
	slices.SortFunc(list, func(a, b result) int {
		if a.seconds < b.seconds {
			return -1
		}
		return 1
	})
	return list[len(list)/2]
}

func once(args []string) (r result, err error) {
	cmd := exec.Command(args[0], args[1:]...)
	start := time.Now()
	out, err := cmd.Output()
	r.seconds = time.Since(start).Seconds()
	if err != nil {
		return r, err
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.peak = float64(usage.Maxrss) / 1e3
	}
	if text := strings.TrimSpace(string(out)); text != "" {
		r.triples, err = strconv.Atoi(text)
	}
	return r, err
}

// A dataset is the made-up part of what is said of one: 21 triples.
type dataset struct {
	id          int64
	title, text string
	day         string
	theme       string
	bytes       int
}

func sets(n int64) func(func(dataset) bool) {
	r := rand.New(rand.NewPCG(1, 2024))
	themes := []string{"GOVE", "ECON", "ENVI", "TRAN"}
	return func(yield func(dataset) bool) {
		for i := range n {
			d := dataset{
				id: i, title: fmt.Sprintf("Marchés publics de la commune n° %d", r.IntN(35_000)), theme: themes[r.IntN(4)],
				text: "Données essentielles de la commande publique, « format pivot », publiées par l’acheteur et vérifiées par son chef de file.",
				day:  fmt.Sprintf("2024-%02d-%02d", 1+r.IntN(12), 1+r.IntN(28)), bytes: r.IntN(1 << 20),
			}
			if !yield(d) {
				return
			}
		}
	}
}

const (
	dcat  = "http://www.w3.org/ns/dcat#"
	dct   = "http://purl.org/dc/terms/"
	vcard = "http://www.w3.org/2006/vcard/ns#"
	xsd   = "http://www.w3.org/2001/XMLSchema#"
	rdf   = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	node  = "https://donnees.exemple.invalid/"
	eu    = "http://publications.europa.eu/resource/authority/"
)

func writeLines(w io.Writer, n int64) {
	for d := range sets(n) {
		s, f := fmt.Sprintf("<%sdatasets/%d>", node, d.id), fmt.Sprintf("<%sdatasets/%d/json>", node, d.id)
		c := fmt.Sprintf("_:c%d", d.id)
		for _, t := range [][3]string{
			{s, rdf + "type", "<" + dcat + "Dataset>"}, {s, dct + "title", `"` + d.title + `"@fr`}, {s, dct + "description", `"` + d.text + `"@fr`},
			{s, dct + "identifier", fmt.Sprintf(`"%d"`, d.id)}, {s, dct + "issued", `"` + d.day + `"^^<` + xsd + "date>"}, {s, dct + "modified", `"` + d.day + `"^^<` + xsd + "date>"},
			{s, dct + "publisher", "<" + node + "agent>"}, {s, dcat + "theme", "<" + eu + "data-theme/" + d.theme + ">"}, {s, dct + "language", "<" + eu + "language/FRA>"},
			{s, dcat + "keyword", `"commande publique"@fr`}, {s, dcat + "keyword", `"DECP"@fr`}, {s, dcat + "contactPoint", c}, {s, dcat + "distribution", f},
			{c, rdf + "type", "<" + vcard + "Organization>"}, {c, vcard + "fn", `"Service des marchés"`}, {c, vcard + "hasEmail", "<mailto:marches@exemple.invalid>"},
			{f, rdf + "type", "<" + dcat + "Distribution>"}, {f, dcat + "accessURL", f}, {f, dct + "format", "<" + eu + "file-type/JSON>"},
			{f, dcat + "byteSize", fmt.Sprintf(`"%d"^^<%sinteger>`, d.bytes, xsd)}, {f, dct + "license", "<https://www.etalab.gouv.fr/licence-ouverte-open-licence>"},
		} {
			fmt.Fprintf(w, "%s <%s> %s .\n", t[0], t[1], t[2])
		}
	}
}

func writeTurtle(w io.Writer, n int64) {
	fmt.Fprintf(w, "@prefix dcat: <%s> .\n@prefix dct: <%s> .\n@prefix vcard: <%s> .\n@prefix xsd: <%s> .\n", dcat, dct, vcard, xsd)
	for d := range sets(n) {
		fmt.Fprintf(w, `<%[1]sdatasets/%[2]d> a dcat:Dataset ;
  dct:title "%[3]s"@fr ; dct:description "%[4]s"@fr ; dct:identifier "%[2]d" ;
  dct:issued "%[5]s"^^xsd:date ; dct:modified "%[5]s"^^xsd:date ; dct:publisher <%[1]sagent> ;
  dcat:theme <%[6]sdata-theme/%[7]s> ; dct:language <%[6]slanguage/FRA> ; dcat:keyword "commande publique"@fr, "DECP"@fr ;
  dcat:contactPoint [ a vcard:Organization ; vcard:fn "Service des marchés" ; vcard:hasEmail <mailto:marches@exemple.invalid> ] ;
  dcat:distribution <%[1]sdatasets/%[2]d/json> .
<%[1]sdatasets/%[2]d/json> a dcat:Distribution ; dcat:accessURL <%[1]sdatasets/%[2]d/json> ; dct:format <%[6]sfile-type/JSON> ;
  dcat:byteSize %[8]d ; dct:license <https://www.etalab.gouv.fr/licence-ouverte-open-licence> .

`, node, d.id, d.title, d.text, d.day, eu, d.theme, d.bytes)
	}
}

func writeJSONLD(w io.Writer, n int64) {
	fmt.Fprintf(w, `{"@context":{"dcat":%q,"dct":%q,"vcard":%q,"xsd":%q},"@graph":[`, dcat, dct, vcard, xsd)
	for d := range sets(n) {
		if d.id > 0 {
			fmt.Fprint(w, ",\n")
		}
		fmt.Fprintf(w, `{"@id":"%[1]sdatasets/%[2]d","@type":"dcat:Dataset","dct:title":{"@value":"%[3]s","@language":"fr"},"dct:description":{"@value":"%[4]s","@language":"fr"},
"dct:identifier":"%[2]d","dct:issued":{"@value":"%[5]s","@type":"xsd:date"},"dct:modified":{"@value":"%[5]s","@type":"xsd:date"},"dct:publisher":{"@id":"%[1]sagent"},
"dcat:theme":{"@id":"%[6]sdata-theme/%[7]s"},"dct:language":{"@id":"%[6]slanguage/FRA"},"dcat:keyword":[{"@value":"commande publique","@language":"fr"},{"@value":"DECP","@language":"fr"}],
"dcat:contactPoint":{"@type":"vcard:Organization","vcard:fn":"Service des marchés","vcard:hasEmail":{"@id":"mailto:marches@exemple.invalid"}},
"dcat:distribution":{"@id":"%[1]sdatasets/%[2]d/json","@type":"dcat:Distribution","dcat:accessURL":{"@id":"%[1]sdatasets/%[2]d/json"},"dct:format":{"@id":"%[6]sfile-type/JSON"},
"dcat:byteSize":{"@value":"%[8]d","@type":"xsd:integer"},"dct:license":{"@id":"https://www.etalab.gouv.fr/licence-ouverte-open-licence"}}}`,
			node, d.id, d.title, d.text, d.day, eu, d.theme, d.bytes)
	}
	fmt.Fprintln(w, "]}")
}

func writeXML(w io.Writer, n int64) {
	fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rdf:RDF xmlns:rdf=%q xmlns:dcat=%q xmlns:dct=%q xmlns:vcard=%q>\n", rdf, dcat, dct, vcard)
	for d := range sets(n) {
		fmt.Fprintf(w, `<dcat:Dataset rdf:about="%[1]sdatasets/%[2]d">
  <dct:title xml:lang="fr">%[3]s</dct:title><dct:description xml:lang="fr">%[4]s</dct:description><dct:identifier>%[2]d</dct:identifier>
  <dct:issued rdf:datatype="%[9]sdate">%[5]s</dct:issued><dct:modified rdf:datatype="%[9]sdate">%[5]s</dct:modified>
  <dct:publisher rdf:resource="%[1]sagent"/><dcat:theme rdf:resource="%[6]sdata-theme/%[7]s"/><dct:language rdf:resource="%[6]slanguage/FRA"/>
  <dcat:keyword xml:lang="fr">commande publique</dcat:keyword><dcat:keyword xml:lang="fr">DECP</dcat:keyword>
  <dcat:contactPoint><vcard:Organization><vcard:fn>Service des marchés</vcard:fn><vcard:hasEmail rdf:resource="mailto:marches@exemple.invalid"/></vcard:Organization></dcat:contactPoint>
  <dcat:distribution><dcat:Distribution rdf:about="%[1]sdatasets/%[2]d/json"><dcat:accessURL rdf:resource="%[1]sdatasets/%[2]d/json"/><dct:format rdf:resource="%[6]sfile-type/JSON"/>
    <dcat:byteSize rdf:datatype="%[9]sinteger">%[8]d</dcat:byteSize><dct:license rdf:resource="https://www.etalab.gouv.fr/licence-ouverte-open-licence"/></dcat:Distribution></dcat:distribution>
</dcat:Dataset>
`, node, d.id, d.title, d.text, d.day, eu, d.theme, d.bytes, xsd)
	}
	fmt.Fprintln(w, "</rdf:RDF>")
}
