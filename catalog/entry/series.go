package entry

import "strings"

// HarvestSeries names the series of the pivot files of a foreign catalogue: the
// source's id, and the nodes that they came through, as far as there is room.
func HarvestSeries(source string, through []string) string {
	const most = 180
	s := harvested + source
	for i, node := range through {
		sep := ","
		if i == 0 {
			sep = " via "
		}
		if len(s)+len(sep)+len(node) > most {
			break
		}
		s += sep + node
	}
	return s
}

const harvested = "harvest "

// HarvestedThrough reads the nodes from a series; ok is false if it is none of
// [HarvestSeries].
func HarvestedThrough(series string) (nodes []string, ok bool) {
	rest, ok := strings.CutPrefix(series, harvested)
	if _, via, some := strings.Cut(rest, " via "); ok && some {
		nodes = strings.Split(via, ",")
	}
	return nodes, ok
}
