package api

// Routes lists the route table as "METHOD path".
func Routes() []string {
	var rs []string
	for _, r := range routes() {
		rs = append(rs, r.method+" "+r.path)
	}
	return rs
}

var (
	Canonical   = canonical
	CheckedJSON = checkedJSON
)
