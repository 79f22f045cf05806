package rdf

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// shaclCheck is the folder of the installed checker and the folder of the
// shapes; without either the test is skipped.
func shaclCheck(t *testing.T) (check, shapes string) {
	t.Helper()
	check, conformance := os.Getenv("MAILLON_SHACL_CHECK"), os.Getenv("MAILLON_CONFORMANCE")
	if _, err := exec.LookPath("node"); err != nil || check == "" || conformance == "" {
		t.Skip("SKIPPED: needs node, MAILLON_SHACL_CHECK (folder of the checker, after npm ci) and MAILLON_CONFORMANCE")
	}
	return check, filepath.Join(conformance, "dcat", "shapes")
}

func TestTheStrictShapesFindNothingInAnySyntax(t *testing.T) {
	check, shapes := shaclCheck(t)
	g := built(t, sample(6))
	gates := [][]string{
		{filepath.Join(shapes, "3.0.1", "dcat-ap-SHACL.ttl"), filepath.Join(shapes, "3.0.1", "ranges.ttl")},
		{filepath.Join(shapes, "3.0.1-html", "shapes.ttl")},
	}
	for _, s := range Syntaxes() {
		file := filepath.Join(t.TempDir(), "catalog"+s.Suffix())
		if err := os.WriteFile(file, written(t, g, s), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, gate := range gates {
			args := append([]string{filepath.Join(check, "check.mjs"), "--engine", "both", file}, gate...)
			report, err := exec.Command("node", args...).CombinedOutput()
			if err != nil || !bytes.Contains(report, []byte("6 Dataset, 36 Distribution")) {
				t.Errorf("%s against %s: %v\n%s", s, filepath.Base(filepath.Dir(gate[0])), err, report)
			}
		}
	}
}

// The profile 2.1.1 passes the shapes of 2.1.1, which that of 3.0.1 does not.
func TestTheShapesOf211FindNothingInTheirProfile(t *testing.T) {
	check, shapes := shaclCheck(t)
	shapes = filepath.Join(shapes, "2.1.1")
	for profile, clean := range map[Profile]bool{Profile211: true, Profile301: false} {
		g, problems := FromCatalogAs(sample(6), profile)
		if problems.Errors() > 0 {
			t.Fatal(problems)
		}
		file := filepath.Join(t.TempDir(), "catalog.ttl")
		if err := os.WriteFile(file, written(t, g, Turtle), 0o600); err != nil {
			t.Fatal(err)
		}
		report, err := exec.Command("node", filepath.Join(check, "check.mjs"), "--engine", "both", file,
			filepath.Join(shapes, "dcat-ap_2.1.1_shacl_shapes.ttl"), filepath.Join(shapes, "dcat-ap_2.1.1_shacl_range.ttl")).CombinedOutput()
		if clean != (err == nil) {
			t.Errorf("profile %s: %v\n%s", profile, err, report)
		}
	}
}

// A catalogue of 5,000 datasets, page by page, under each profile's shapes.
func TestTheShapesFindNothingInALargeCatalogue(t *testing.T) {
	if os.Getenv("MAILLON_LARGE") == "" {
		t.Skip("SKIPPED: takes minutes; set MAILLON_LARGE=1")
	}
	check, shapes := shaclCheck(t)
	const datasets, pages = 5000, 5
	gates := []struct {
		profile Profile
		shapes  []string
	}{
		{Profile301, []string{"3.0.1/dcat-ap-SHACL.ttl", "3.0.1/ranges.ttl"}},
		{Profile301, []string{"3.0.1-html/shapes.ttl"}},
		{Profile211, []string{"2.1.1/dcat-ap_2.1.1_shacl_shapes.ttl", "2.1.1/dcat-ap_2.1.1_shacl_range.ttl"}},
	}
	whole := sample(datasets)
	for page := range pages {
		c := whole
		c.Datasets = whole.Datasets[page*datasets/pages : (page+1)*datasets/pages]
		if page > 0 {
			c.Records, c.Services = nil, nil
		}
		for _, gate := range gates {
			g, problems := FromCatalogAs(c, gate.profile)
			if problems.Errors() > 0 {
				t.Fatal(problems)
			}
			file := filepath.Join(t.TempDir(), "catalog.nt")
			if err := os.WriteFile(file, written(t, g, NTriples), 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{filepath.Join(check, "check.mjs"), "--engine", "both", file}
			for _, s := range gate.shapes {
				args = append(args, filepath.Join(shapes, filepath.FromSlash(s)))
			}
			report, err := exec.Command("node", args...).CombinedOutput()
			if err != nil || !bytes.Contains(report, []byte("1000 Dataset, 6000 Distribution")) {
				t.Errorf("page %d, profile %s, %s: %v\n%.4000s", page+1, gate.profile, gate.shapes[0], err, report)
			}
		}
	}
}

// rdflibReads prints what Python's rdflib reads, as N-Triples.
const rdflibReads = `
import sys, rdflib
rdflib.NORMALIZE_LITERALS = False
g = rdflib.Graph()
g.parse(sys.argv[1], format=sys.argv[2])
sys.stdout.write(g.serialize(format="nt"))
`

func TestRdflibReadsTheSameGraph(t *testing.T) {
	const python = "/usr/bin/python3" // Debian's, for which python3-rdflib is
	if exec.Command(python, "-c", "import rdflib").Run() != nil {
		t.Skip("SKIPPED: needs rdflib (Debian package python3-rdflib)")
	}
	g := built(t, sample(3))
	for s, format := range map[Syntax]string{Turtle: "turtle", RDFXML: "xml", NTriples: "nt", JSONLD: "json-ld"} {
		file := filepath.Join(t.TempDir(), "catalog"+s.Suffix())
		if err := os.WriteFile(file, written(t, g, s), 0o600); err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		cmd := exec.Command(python, "-c", rdflibReads, file, format)
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v\n%s", s, err, stderr.String())
			continue
		}
		readBack(t, s.String(), out, g)
	}
}

func TestTheStrictShapesSeeAMissingPublisher(t *testing.T) {
	check, shapes := shaclCheck(t)
	file := filepath.Join(t.TempDir(), "bad.ttl")
	bad := bytes.ReplaceAll(written(t, built(t, sample(1)), Turtle), []byte("dct:publisher"), []byte("dct:creator"))
	if err := os.WriteFile(file, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := exec.Command("node", filepath.Join(check, "check.mjs"), file, filepath.Join(shapes, "3.0.1", "dcat-ap-SHACL.ttl")).CombinedOutput()
	if err == nil {
		t.Errorf("the gate lets everything through:\n%s", report)
	}
}

// reparse reads a file with parsers that others wrote and prints N-Triples.
const reparse = `
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { Parser, Writer } from 'n3'
import { RdfXmlParser } from 'rdfxml-streaming-parser'
import { JsonLdParser } from 'jsonld-streaming-parser'
const [file] = process.argv.slice(-1)
const body = readFileSync(file, 'utf8'), baseIRI = 'http://wrong.example/'
const writer = new Writer({ format: 'N-Triples' })
const done = () => writer.end((e, text) => { if (e) throw e; process.stdout.write(text) })
const fail = e => { console.error(e); process.exit(1) }
const stream = p => Readable.from([body]).pipe(p).on('data', q => writer.addQuad(q)).on('error', fail).on('end', done)
if (file.endsWith('.rdf')) stream(new RdfXmlParser({ baseIRI }))
else if (file.endsWith('.jsonld')) stream(new JsonLdParser({ baseIRI }))
else { writer.addQuads(new Parser({ baseIRI }).parse(body)); done() }
`

func TestOtherParsersReadTheSameGraphInEverySyntax(t *testing.T) {
	check, _ := shaclCheck(t)
	for name, g := range map[string]*Graph{"sample": built(t, sample(3)), "odd": odd(t)} {
		for _, s := range Syntaxes() {
			file := filepath.Join(t.TempDir(), name+s.Suffix())
			if err := os.WriteFile(file, written(t, g, s), 0o600); err != nil {
				t.Fatal(err)
			}
			var stderr bytes.Buffer
			cmd := exec.Command("node", "--input-type=module", "-e", reparse, "--", file)
			cmd.Dir, cmd.Stderr = check, &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("%s in %s: %v\n%s", name, s, err, stderr.String())
				continue
			}
			readBack(t, name+" in "+s.String(), out, g)
		}
	}
}

func TestRapperReadsTheSameGraph(t *testing.T) {
	if _, err := exec.LookPath("rapper"); err != nil {
		t.Skip("SKIPPED: needs rapper (Debian package raptor2-utils)")
	}
	for name, g := range map[string]*Graph{"sample": built(t, sample(3)), "odd": odd(t)} {
		for s, format := range map[Syntax]string{Turtle: "turtle", RDFXML: "rdfxml", NTriples: "ntriples"} {
			cmd := exec.Command("rapper", "-q", "-i", format, "-o", "ntriples", "-", "http://wrong.example/")
			var stderr bytes.Buffer
			cmd.Stdin, cmd.Stderr = bytes.NewReader(written(t, g, s)), &stderr
			out, err := cmd.Output()
			if err != nil || stderr.Len() > 0 {
				t.Errorf("%s in %s: %v\n%s", name, s, err, stderr.String())
				continue
			}
			readBack(t, name+" in "+s.String(), out, g)
		}
	}
}

func readBack(t *testing.T, what string, ntriples []byte, want *Graph) {
	t.Helper()
	got, refused, err := Read(bytes.NewReader(ntriples), NTriples, "")
	if err != nil || len(refused) > 0 {
		t.Errorf("%s: %v, %v", what, refused, err)
		return
	}
	sameGraph(t, what, got, want)
}
