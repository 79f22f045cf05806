package view

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store"
)

// depositRun is how many indexes of a journal one key of the deposits covers: which
// of them are the deposit's is the same for all ways in which entries came in.
const depositRun = 256

// depositKey is the length of the deposit's id (2 bytes), the id, and the ref of
// the first entry of a run.
func depositKey(id string, r entry.Ref) []byte {
	r.Index -= r.Index % depositRun
	return append(depositPrefix(id), refKey(r)...)
}

func depositPrefix(id string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(id))), id...)
}

// deposited notes that a record came in a deposit; saveDeposits writes it.
func (b *applying) deposited(id string, r entry.Ref) {
	key := string(depositKey(id, r))
	b.deposits[key] = append(b.deposits[key], byte(r.Index%depositRun))
}

func (b *applying) saveDeposits() error {
	bucket := b.tx.Bucket(depositBucket)
	for _, key := range slices.Sorted(maps.Keys(b.deposits)) {
		places := append(bytes.Clone(bucket.Get([]byte(key))), b.deposits[key]...) // entries come in order
		if err := bucket.Put([]byte(key), places); err != nil {
			return err
		}
	}
	return nil
}

// A DepositRow is what became of one record of a deposit.
type DepositRow struct {
	Index   uint64      `json:"index"`
	Pointer string      `json:"pointer"`
	State   pivot.State `json:"state"`
	Buyer   string      `json:"buyer"`
	ID      string      `json:"id"`
}

// Deposit lists the records that the views hold of a deposit, in the journal's order.
func (v *Views) Deposit(id string) ([]DepositRow, error) {
	var out []DepositRow
	prefix := depositPrefix(id)
	err := v.db.View(func(tx store.Tx) error {
		for k, places := range tx.Bucket(depositBucket).Ascend(prefix) {
			if !bytes.HasPrefix(k, prefix) {
				break
			}
			first := refOf(k[len(prefix):])
			for _, place := range places {
				first := first
				first.Index += uint64(place)
				r, err := getRecord(tx, first)
				if err != nil {
					return err
				}
				t, err := unpack(r.packed)
				if err != nil {
					return err
				}
				out = append(out, DepositRow{r.ref.Index, t.Pointer, r.state, r.buyer, r.id})
			}
		}
		return nil
	})
	return out, err
}
