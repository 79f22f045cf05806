package main

import (
	"fmt"
	"strings"

	"maillon/store/search/french"
)

// postgres is a question in the words of PostgreSQL: one statement that gives the
// number of contracts and the values of every facet.
func (q question) postgres() string {
	where := q.where
	if len(q.words) > 0 {
		where += " and words @@ to_tsquery('french', '" + strings.Join(q.words, " & ") + "')"
	}
	return statement(where)
}

// duckdb is a question in the words of DuckDB, which has no text index of its own: it
// looks for the stems, made here, in a column of them.
func (q question) duckdb() string {
	where := q.where
	for _, w := range q.words {
		where += fmt.Sprintf(" and contains(stems, ' %s ')", french.Stem(w))
	}
	return statement(where)
}

func statement(where string) string {
	var b strings.Builder
	b.WriteString("with f as materialized (select row_id")
	for _, c := range compared {
		if c.col != "supplier" {
			b.WriteString(", " + c.col)
		}
	}
	b.WriteString(" from contracts where " + where + ") select 'total' as facet, '' as code, count(*) as n from f")
	for _, c := range compared {
		from := "f"
		if c.col == "supplier" {
			from = "f join suppliers using (row_id)"
		}
		part := fmt.Sprintf("select '%s', cast(%s as varchar), count(*) from %s group by 2", c.facet, c.col, from)
		if c.top {
			part = fmt.Sprintf("select * from (%s order by 3 desc, 2 limit 20) t%s", part, c.col)
		}
		b.WriteString(" union all " + part)
	}
	return b.String()
}
