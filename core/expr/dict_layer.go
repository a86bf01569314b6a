package expr

// With is a frozen dict with the members of over in place of, and after, those of d. It shares d, which
// it freezes: a chain of n such dicts costs about n log n, whatever their size.
func (d *Dict) With(over *Dict) *Dict {
	d.freeze()
	over.freeze()
	if over.base != nil {
		over = over.flat()
	}
	c := &Dict{base: d, frozen: true}
	c.absorb(over)
	for c.base != nil && 2*len(c.entries) >= len(c.base.entries) {
		c = c.fold()
	}
	return c
}

// absorb takes live entries of another layer into c's own.
func (c *Dict) absorb(layer *Dict) {
	for _, e := range layer.entries {
		if e.dead {
			continue
		}
		if i := c.find(e.hash); i >= 0 {
			c.entries[i].val = e.val
			continue
		}
		c.insert(e)
		if c.base != nil && c.base.lookup(e.hash) == nil {
			c.fresh++
		}
	}
}

// fold makes one layer of c's own and the one below it.
func (c *Dict) fold() *Dict {
	f := &Dict{base: c.base.base, frozen: true}
	f.absorb(c.base)
	f.absorb(c)
	return f
}

// flat is d in one layer.
func (d *Dict) flat() *Dict {
	f := &Dict{entries: make([]entry, 0, d.Len()), frozen: true}
	var layers []*Dict
	for ; d != nil; d = d.base {
		layers = append(layers, d)
	}
	for i := len(layers) - 1; i >= 0; i-- {
		f.absorb(layers[i])
	}
	return f
}

// lookup finds the entry of a key in any layer.
func (d *Dict) lookup(hash any) *entry {
	for ; d != nil; d = d.base {
		if i := d.find(hash); i >= 0 {
			return &d.entries[i]
		}
	}
	return nil
}
