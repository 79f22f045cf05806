package territory

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/csv"
	"fmt"
	"io"
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
type table struct {
	communes     []Municipality         // by code
	old          map[string]int         // former code, or code of a municipal arrondissement → place in communes
	postcodes    map[string][]string    // → the départements of its communes, sorted
	byPostcode   map[string][]int       // → places in communes
	members      map[string][]int       // EPCI or EPT → places in communes
	epcis        map[string]epci        // by SIREN
	epciCodes    []string               // sorted
	departements map[string]departement // by code; Alsace (6AE) too
	regions      map[string]string      // code → name
	bySIREN      map[string]Body        // départements and régions only
	communeSIREN map[string]int         // → place in communes
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
		communes:     make([]Municipality, 0, 36_000), // room for all, so that nothing is copied
		old:          make(map[string]int, 5_000),
		postcodes:    make(map[string][]string, 7_000),
		byPostcode:   make(map[string][]int, 7_000),
		members:      make(map[string][]int, 1_300),
		epcis:        make(map[string]epci, 1_300),
		departements: map[string]departement{alsace: {"Alsace", "44"}},
		regions:      map[string]string{},
		bySIREN:      map[string]Body{},
		communeSIREN: make(map[string]int, 36_000),
	}
	for _, part := range []struct {
		name    string
		columns int
		row     func([]string) error
	}{
		{"data/regions.csv", 2, t.addRegion},
		{"data/departements.csv", 3, t.addDepartement},
		{"data/epci.csv.gz", 3, t.addEPCI},
		{"data/communes.csv.gz", 7, t.addCommune},
		{"data/bodies.csv", 5, t.addBody},
	} {
		if err := rows(part.name, part.columns, part.row); err != nil {
			return nil, fmt.Errorf("read embedded %s: %w", part.name, err)
		}
	}
	slices.Sort(t.epciCodes)
	return t, nil
}

// rows hands the rows of an embedded file to add, without the header.
func rows(name string, columns int, add func([]string) error) error {
	raw, err := data.ReadFile(name)
	if err != nil {
		return err
	}
	var in io.Reader = bytes.NewReader(raw)
	if strings.HasSuffix(name, ".gz") {
		if in, err = gzip.NewReader(in); err != nil {
			return err
		}
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

// addCommune reads code, name, siren, population, its EPCI and perhaps its
// EPT, its postcodes and its former codes; lists are parted by a space.
func (t *table) addCommune(row []string) error {
	m := Municipality{Code: row[0], Name: row[1], SIREN: row[2], Departement: departementPrefix(row[0]), Postcodes: row[5]}
	if _, ok := t.departements[m.Departement]; !ok {
		return fmt.Errorf("commune %s lies in unknown département %q", m.Code, m.Departement)
	}
	var err error
	if m.Population, err = strconv.Atoi(row[3]); err != nil {
		return fmt.Errorf("population of commune %s: %w", m.Code, err)
	}
	if n := len(t.communes); n > 0 && t.communes[n-1].Code >= m.Code {
		return fmt.Errorf("commune %s is not in order", m.Code)
	}
	m.EPCI, m.EPT, _ = strings.Cut(row[4], " ")
	at := len(t.communes)
	for code := range strings.FieldsSeq(row[4]) {
		if _, ok := t.epcis[code]; !ok {
			return fmt.Errorf("commune %s lies in unknown EPCI %q", m.Code, code)
		}
		t.members[code] = append(t.members[code], at)
	}
	for code := range strings.FieldsSeq(row[5]) {
		t.byPostcode[code] = append(t.byPostcode[code], at)
		if known := t.postcodes[code]; !slices.Contains(known, m.Departement) {
			t.postcodes[code] = append(known, m.Departement)
		}
	}
	for code := range strings.FieldsSeq(row[6]) {
		t.old[code] = at
	}
	if m.SIREN != "" {
		t.communeSIREN[m.SIREN] = at
	}
	t.communes = append(t.communes, m)
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
