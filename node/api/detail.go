package api

import (
	"time"

	"maillon/catalog"
	"maillon/catalog/contract"
	"maillon/catalog/enrich"
	"maillon/catalog/pivot"
	"maillon/store/view"
)

// A ContractJSON is one contract as the API shows it.
type ContractJSON struct {
	Address   string           `json:"address"`
	Permalink string           `json:"permalink"`
	Case      contract.Case    `json:"case"` // alone, versions, lots, folded
	IDs       []string         `json:"ids"`
	State     pivot.State      `json:"state"`
	Schema    pivot.Version    `json:"schema,omitempty"`
	Authority string           `json:"authority"`
	Problems  catalog.Problems `json:"problems,omitempty"`
	Repairs   []pivot.Repair   `json:"repairs,omitempty"`
	Contract  pivot.Contract   `json:"contract"` // of the version shown, as deposited
	Current   pivot.Contract   `json:"current"`  // with its modifications applied
	Source    SourceJSON       `json:"source"`
	Versions  int              `json:"versions"`
	Conflict  bool             `json:"conflict"`
	Lots      []view.Row       `json:"lots,omitempty"`
	Note      string           `json:"note,omitempty"` // reason of a withdrawal or redaction
	Decisions []DecisionJSON   `json:"decisions,omitempty"`

	Enrichment enrich.Enrichment `json:"enrichment"` // what follows from its codes, each value with its source
}

// A SourceJSON is where a version stands.
type SourceJSON struct {
	Node    string    `json:"node"`
	Epoch   int       `json:"epoch"`
	Index   uint64    `json:"index"`
	Deposit string    `json:"deposit"`
	Pointer string    `json:"pointer"`
	At      time.Time `json:"at"`
}

// A VersionJSON is one version of a contract.
type VersionJSON struct {
	SourceJSON
	Shown     bool           `json:"shown"`
	Authority string         `json:"authority"`
	Reason    string         `json:"reason"`
	Differs   []string       `json:"differs,omitempty"`
	State     pivot.State    `json:"state"`
	Withdrawn bool           `json:"withdrawn,omitempty"`
	Note      string         `json:"note,omitempty"`
	Hash      string         `json:"hash,omitempty"`
	Published string         `json:"published,omitempty"`
	Contract  pivot.Contract `json:"contract"`
	Also      []SourceJSON   `json:"also,omitempty"` // the same record from other sources
}

func sourceJSON(v view.VersionDetail) SourceJSON {
	return SourceJSON{Node: v.Node, Epoch: v.Epoch, Index: v.Index, Deposit: v.Deposit, Pointer: v.Pointer, At: v.ReceivedAt}
}

func (s *Server) contractJSON(d view.Detail) ContractJSON {
	shown := d.Versions[0]
	return ContractJSON{
		Address: d.Address, Permalink: s.Self.URL + "/marches/" + d.Address, Case: d.Case, IDs: d.IDs, State: d.State, Schema: shown.Schema,
		Authority: d.Authority, Problems: shown.Problems, Repairs: shown.Repairs, Contract: shown.Contract, Current: shown.Contract.Current(),
		Source: sourceJSON(shown), Versions: len(d.Versions), Conflict: d.Conflict, Lots: d.Lots, Note: shown.Note, Decisions: decisionJSON(d.Decisions),
		Enrichment: enrich.Of(shown.Contract, s.Firms.Firm),
	}
}

// A HistoryJSON is a contract with every version of it.
type HistoryJSON struct {
	Address  string        `json:"address"`
	Case     contract.Case `json:"case"`
	IDs      []string      `json:"ids"`
	Versions []VersionJSON `json:"versions"`
}

func historyJSON(d view.Detail) HistoryJSON {
	out := HistoryJSON{Address: d.Address, Case: d.Case, IDs: d.IDs}
	for i, v := range d.Versions {
		one := VersionJSON{
			SourceJSON: sourceJSON(v), Shown: i == 0, Authority: v.Authority, Reason: v.Reason, Differs: v.Differs, State: v.State,
			Withdrawn: v.Withdrawn, Note: v.Note, Hash: v.Hash, Published: v.Contract.LatestPublication(), Contract: v.Contract,
		}
		for _, a := range v.Also {
			one.Also = append(one.Also, sourceJSON(a))
		}
		out.Versions = append(out.Versions, one)
	}
	return out
}
