// Command duckdb does with DuckDB what a user of concatenated files would: it reads
// contracts from NDJSON, keeps the newest of each buyer and id, and writes CSV. It is
// a module of its own, so that nothing of DuckDB is in Maillon's.
//
//	go run . contracts.ndjson out.csv
package main

import (
	"database/sql"
	"fmt"
	"os"
	"strings"

	_ "github.com/marcboeker/go-duckdb/v2" // the driver "duckdb"
)

// query is filled with the names of both files.
const query = `COPY (
  SELECT buyer, id, objet, codeCPV, procedure, dateNotification, datePublicationDonnees, montant, dureeMois FROM (
    SELECT *, coalesce(acheteur.id, autoriteConcedante.id) AS buyer,
      row_number() OVER (PARTITION BY coalesce(acheteur.id, autoriteConcedante.id), id ORDER BY datePublicationDonnees DESC) AS place
    FROM read_json('%s', format = 'newline_delimited', columns = {
      id: 'VARCHAR', acheteur: 'STRUCT(id VARCHAR)', autoriteConcedante: 'STRUCT(id VARCHAR)', objet: 'VARCHAR', codeCPV: 'VARCHAR',
      procedure: 'VARCHAR', dateNotification: 'VARCHAR', datePublicationDonnees: 'VARCHAR', montant: 'DOUBLE', dureeMois: 'INTEGER'})
  ) WHERE place = 1
) TO '%s' (FORMAT csv, HEADER)`

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 3 {
		return fmt.Errorf("usage: duckdb IN.ndjson OUT.csv")
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer db.Close()
	quote := func(s string) string { return strings.ReplaceAll(s, "'", "''") }
	_, err = db.Exec(fmt.Sprintf(query, quote(os.Args[1]), quote(os.Args[2])))
	return err
}
