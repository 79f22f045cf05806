package pivot

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNormaliseForgetsTheRecordBefore: parsers are used again, whatever record they
// read before, and by several goroutines.
func TestNormaliseForgetsTheRecordBefore(t *testing.T) {
	var file bytes.Buffer
	if err := WriteJSON(&file, Gen2, slices.Values([]Contract{fullMarche()})); err != nil {
		t.Fatal(err)
	}
	full := string(readJSON(t, Gen2, file.Bytes())[0].Raw)
	texts := []string{
		full, `{}`, `{"id":"A","objet":["x",{"y":[[]]}]}`, `{"id":"A","id":"B"," objet ":"x","objet":"y"}`, `[1,2,{"a":`, full[:len(full)/2], `{"autre":{"b":[1,2,3]}}`,
		strings.Repeat("[", 100), `{"montant":"12,5 €","dureeMois":null}`, `{"a":[` + strings.Repeat(`{"k":1},`, 2000) + `{}]}`, "{\"\xff\":1,\"\\u0069d\":2,\"id\":3}", ``,
	}
	type said struct {
		Contract Contract
		Repairs  []Repair
	}
	read := func(text string) said {
		c, repairs := Normalise(Record{Kind: Marche, Form: Nested, Raw: json.RawMessage(text)})
		return said{c, repairs}
	}
	var want []said
	for _, text := range texts {
		normParsers = sync.Pool{New: normParsers.New} // nothing is used again
		want = append(want, read(text))
	}
	var all sync.WaitGroup
	for seed := range uint64(4) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, 6))
			for range 300 {
				i := r.IntN(len(texts))
				if diff := cmp.Diff(want[i], read(texts[i])); diff != "" {
					t.Errorf("record %d: (-alone +after others)\n%s", i, diff)
					return
				}
			}
		})
	}
	all.Wait()
}
