package territory

import (
	"compress/gzip"
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Vintage is the year of the embedded geographic code: the state of
// territories on 1 January of that year.
const Vintage = 2026

// The tables come from the npm package @etalab/decoupage-administratif, whose
// data is under the Licence Ouverte. To make them again, or for another year:
// run `npm pack @etalab/decoupage-administratif@6.0.0`, unpack the archive in
// ./package, run go generate, set Vintage, and read what the tests say of the
// difference. bodies.csv is kept by hand (docs/decisions/0010).
//
//go:generate go run ./gen -from package -to data

//go:embed data/*.csv.gz data/*.csv
var data embed.FS

// A table is the whole geographic code, indexed. It is written by load only.
//
// It is held as it is read: communes are lines of text, and what finds them are sorted
// numbers. Structures and maps of all communes would take four times the memory of it,
// in every node, for the few that a node is asked for.
type table struct {
	communes     communes
	old          map[string]uint16      // former code, or code of a municipal arrondissement → place in communes
	postcodes    index                  // of communes by postcode; most codes stand there several times
	sirens       index                  // of communes by SIREN
	members      map[string][]uint16    // EPCI or EPT → places in communes
	epcis        map[string]epci        // by SIREN
	epciCodes    []string               // sorted
	departements map[string]departement // by code; Alsace (6AE) too
	regions      map[string]string      // code → name
	bySIREN      map[string]Body        // départements and régions only
}

// mostCommunes is how many an index can tell apart.
const mostCommunes = 1 << 16

// An index finds places of communes by a number: each item is the number and, in its
// 16 lowest bits, the place. It is sorted.
type index []uint64

func (x *index) add(number string, place int) error {
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return fmt.Errorf("%q is no number of digits", number)
	}
	*x = append(*x, n<<16|uint64(place))
	return nil
}

// find ranges over the places of a number, in their order. What is written with other
// than the given number of digits is none.
func (x index) find(number string, digits int) iter.Seq[int] {
	return func(yield func(int) bool) {
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil || len(number) != digits {
			return
		}
		at, _ := slices.BinarySearch(x, n<<16)
		for ; at < len(x) && x[at]>>16 == n; at++ {
			if !yield(int(x[at] & (mostCommunes - 1))) {
				return
			}
		}
	}
}

// communes are the lines of the file of communes.
type communes struct {
	text  string
	lines []uint32 // where each begins; one more, the end
}

func (c *communes) len() int { return max(len(c.lines)-1, 0) }

func (c *communes) line(at int) string { return c.text[c.lines[at] : c.lines[at+1]-1] }

// code is that of a commune, the first column.
func (c *communes) code(at int) string {
	code, _, _ := strings.Cut(c.line(at), ",")
	return code
}

// at reads code, name, siren, population, its EPCI and perhaps its EPT, its postcodes;
// lists are parted by a space.
func (c *communes) at(at int) Municipality {
	var f [communeColumns]string
	split(c.line(at), &f)
	m := Municipality{Code: f[0], Name: f[1], SIREN: f[2], Departement: departementPrefix(f[0]), Postcodes: f[5]}
	m.Population, _ = strconv.Atoi(f[3]) // load has seen that it is a number
	m.EPCI, m.EPT, _ = strings.Cut(f[4], " ")
	return m
}

// communeColumns is how many columns the file of communes has.
const communeColumns = 7

// split parts a line and tells how many columns there were.
func split(line string, to *[communeColumns]string) (columns int) {
	for cell := range strings.SplitSeq(line, ",") {
		if columns < communeColumns {
			to[columns] = cell
		}
		columns++
	}
	return columns
}

type epci struct {
	name string
	kind string // CC, CA, CU, METRO, MET69, EPT
	part bool   // an EPT, part of the Métropole du Grand Paris
}

type departement struct{ name, region string }

// cog gives the table, read when first asked for. A table that cannot be read
// is a fault of the build, caught by any test that asks it anything.
var cog = sync.OnceValue(func() *table {
	t, err := load()
	if err != nil {
		panic(err)
	}
	return t
})

func load() (*table, error) {
	t := &table{
		old:          make(map[string]uint16, 5_000),
		postcodes:    make(index, 0, 40_000),
		sirens:       make(index, 0, 36_000),
		members:      make(map[string][]uint16, 1_300),
		epcis:        make(map[string]epci, 1_300),
		departements: map[string]departement{alsace: {"Alsace", "44"}},
		regions:      map[string]string{},
		bySIREN:      map[string]Body{},
	}
	for _, part := range []struct {
		name    string
		columns int
		row     func([]string) error
	}{
		{"data/regions.csv", 2, t.addRegion},
		{"data/departements.csv", 3, t.addDepartement},
		{"data/epci.csv.gz", 3, t.addEPCI},
		{"data/bodies.csv", 5, t.addBody},
	} {
		if err := rows(part.name, part.columns, part.row); err != nil {
			return nil, fmt.Errorf("read embedded %s: %w", part.name, err)
		}
	}
	if err := t.readCommunes("data/communes.csv.gz"); err != nil {
		return nil, fmt.Errorf("read embedded communes: %w", err)
	}
	slices.Sort(t.epciCodes)
	slices.Sort(t.postcodes)
	slices.Sort(t.sirens)
	return t, nil
}

// open opens an embedded file, unpacked.
func open(name string) (io.Reader, error) {
	in, err := data.Open(name)
	if err != nil || !strings.HasSuffix(name, ".gz") {
		return in, err
	}
	return gzip.NewReader(in)
}

// rows hands the rows of an embedded file to add, without the header.
func rows(name string, columns int, add func([]string) error) error {
	in, err := open(name)
	if err != nil {
		return err
	}
	r := csv.NewReader(in)
	r.FieldsPerRecord, r.ReuseRecord = columns, true
	if _, err := r.Read(); err != nil {
		return err
	}
	for {
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := add(row); err != nil {
			return err
		}
	}
}

// readCommunes keeps the text of the communes. It holds no quoted cell: then a line is
// what is between two ends of lines, and a cell what is between two commas.
func (t *table) readCommunes(name string) error {
	in, err := open(name)
	if err != nil {
		return err
	}
	var text strings.Builder
	text.Grow(1_800_000) // a little more than there is, so that nothing is copied
	if _, err := io.Copy(&text, in); err != nil {
		return err
	}
	c := &t.communes
	c.text = text.String()
	c.lines = make([]uint32, 0, 36_000)
	if strings.Contains(c.text, `"`) || !strings.HasSuffix(c.text, "\n") {
		return errors.New("a cell is quoted, or the last line has no end")
	}
	at := uint32(0)
	for line := range strings.Lines(c.text) {
		if at += uint32(len(line)); len(c.lines) > 0 {
			if err := t.addCommune(len(c.lines)-1, line[:len(line)-1]); err != nil {
				return err
			}
		}
		c.lines = append(c.lines, at)
	}
	return nil
}

func (t *table) addRegion(row []string) error {
	t.regions[row[0]] = row[1]
	return nil
}

func (t *table) addDepartement(row []string) error {
	if _, ok := t.regions[row[2]]; !ok {
		return fmt.Errorf("département %s lies in unknown région %q", row[0], row[2])
	}
	t.departements[row[0]] = departement{row[1], row[2]}
	return nil
}

func (t *table) addEPCI(row []string) error {
	t.epcis[row[0]] = epci{name: row[1], kind: row[2], part: row[2] == "EPT"}
	t.epciCodes = append(t.epciCodes, row[0])
	return nil
}

// addCommune checks the line of a commune and notes what finds it.
func (t *table) addCommune(at int, line string) error {
	var f [communeColumns]string
	if n := split(line, &f); n != communeColumns || at >= mostCommunes {
		return fmt.Errorf("commune %d has %d columns, want %d", at, n, communeColumns)
	}
	code := f[0]
	if d := departementPrefix(code); t.departements[d] == (departement{}) {
		return fmt.Errorf("commune %s lies in unknown département %q", code, d)
	}
	if _, err := strconv.Atoi(f[3]); err != nil {
		return fmt.Errorf("population of commune %s: %w", code, err)
	}
	if at > 0 && t.communes.code(at-1) >= code {
		return fmt.Errorf("commune %s is not in order", code)
	}
	for epci := range strings.FieldsSeq(f[4]) {
		if _, ok := t.epcis[epci]; !ok {
			return fmt.Errorf("commune %s lies in unknown EPCI %q", code, epci)
		}
		t.members[epci] = append(t.members[epci], uint16(at))
	}
	for postcode := range strings.FieldsSeq(f[5]) {
		if err := t.postcodes.add(postcode, at); err != nil {
			return fmt.Errorf("postcode of commune %s: %w", code, err)
		}
	}
	for old := range strings.FieldsSeq(f[6]) {
		t.old[old] = uint16(at)
	}
	if f[2] == "" {
		return nil
	}
	if err := t.sirens.add(f[2], at); err != nil {
		return fmt.Errorf("SIREN of commune %s: %w", code, err)
	}
	return nil
}

func (t *table) addBody(row []string) error {
	z := Geozone{Level(row[1]), row[2]}
	_, isDepartement := t.departements[z.code]
	_, isRegion := t.regions[z.code]
	if z.level == Departement && !isDepartement || z.level == Region && !isRegion {
		return fmt.Errorf("body %s: no %s %q", row[0], z.level, z.code)
	}
	t.bySIREN[row[0]] = Body{Level: z.level, Geozone: z, Name: row[3]}
	return nil
}
