package web

import (
	"maillon/catalog/texts"
	"net/http/httptest"
	"testing"
)

func TestSmoke(t *testing.T) {
	p, err := New(Site{Name: "X"})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := p.Render(w, httptest.NewRequest("GET", "/", nil), 200, texts.French, HomePage{Hub: &NodeRow{}, Members: []NodeRow{{}}, Datasets: []DatasetRow{{}}, Deposits: []DepositRow{{}}, Climb: []ClimbRow{{}}}); err != nil {
		t.Fatal(err)
	}
}
