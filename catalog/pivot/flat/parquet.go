package flat

import (
	"errors"
	"io"
	"iter"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"maillon/catalog/pivot"
)

// Sizes of what WriteParquet holds before it writes on.
const (
	parquetBatch = 1 << 10
	parquetGroup = 64 << 10 // rows of a row group
)

// WriteParquet writes the same table as WriteCSV as Parquet: zstd, row groups of
// 65,536 lines, days as dates. It holds one row group.
func WriteParquet(w io.Writer, contracts iter.Seq[pivot.Contract]) error {
	out := parquet.NewGenericWriter[Row](w,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault}), parquet.MaxRowsPerRowGroup(parquetGroup), parquet.CreatedBy("maillon", "", ""),
	)
	batch := make([]Row, 0, parquetBatch)
	for c := range contracts {
		for row := range Rows(c) {
			if batch = append(batch, row); len(batch) < parquetBatch {
				continue
			}
			if _, err := out.Write(batch); err != nil {
				return errors.Join(err, out.Close())
			}
			batch = batch[:0]
		}
	}
	if _, err := out.Write(batch); err != nil {
		return errors.Join(err, out.Close())
	}
	return out.Close()
}
