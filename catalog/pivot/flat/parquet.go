package flat

import (
	"io"
	"iter"

	"maillon/catalog/parquet"
	"maillon/catalog/pivot"
)

// parquetGroup is how many lines a row group has at most.
const parquetGroup = 64 << 10

// WriteParquet writes the same table as WriteCSV as Parquet: zstd, row groups of
// 65,536 lines, days as dates. It holds one row group.
func WriteParquet(w io.Writer, contracts iter.Seq[pivot.Contract]) error {
	if _, err := io.WriteString(w, parquet.Magic); err != nil {
		return err
	}
	var groups []parquet.Group
	var b []byte
	t := parquet.New(parquetColumns())
	spill := func() error {
		if t.Rows() == 0 {
			return nil
		}
		var g parquet.Group
		b, g = t.Group(b[:0])
		groups = append(groups, g)
		_, err := w.Write(b)
		return err
	}
	for c := range contracts {
		for row := range Rows(c) {
			if addRow(t, &row); t.Rows() < parquetGroup {
				continue
			}
			if err := spill(); err != nil {
				return err
			}
		}
	}
	if err := spill(); err != nil {
		return err
	}
	end, err := parquet.Footer(parquetColumns(), groups, "maillon")
	if err != nil {
		return err
	}
	_, err = w.Write(end)
	return err
}

// parquetColumns are those of the table, as Parquet calls them.
func parquetColumns() []parquet.Column {
	list := make([]parquet.Column, len(columns))
	var none Row
	for i, c := range columns {
		list[i] = parquet.Column{Name: c.name, Kind: parquetKind(c.get(&none)), Optional: !c.required}
	}
	return list
}

func parquetKind(v any) parquet.Kind {
	switch v.(type) {
	case int32:
		return parquet.Int32
	case int64, *int64:
		return parquet.Int64
	case *float64:
		return parquet.Double
	case bool, *bool:
		return parquet.Boolean
	case *Day:
		return parquet.Date
	default:
		return parquet.String
	}
}

func addRow(t *parquet.Table, row *Row) {
	for i := range columns {
		switch v := columns[i].get(row).(type) {
		case int32:
			t.Int(i, int64(v))
			continue
		case int64:
			t.Int(i, v)
			continue
		case bool:
			t.Bool(i, v)
			continue
		case *string:
			if v != nil {
				t.Text(i, *v)
				continue
			}
		case *int64:
			if v != nil {
				t.Int(i, *v)
				continue
			}
		case *Day:
			if v != nil {
				t.Int(i, int64(*v))
				continue
			}
		case *float64:
			if v != nil {
				t.Double(i, *v)
				continue
			}
		case *bool:
			if v != nil {
				t.Bool(i, *v)
				continue
			}
		}
		t.Null(i)
	}
	t.End()
}
