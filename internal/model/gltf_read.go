// SPDX-License-Identifier: MIT

package model

import "strings"

func (d *gltf) readAsset(s *scanner) error {
	return s.object(func(key string) error {
		switch key {
		case "version":
			return into(&d.version)(s.text())
		case "generator":
			return into(&d.generator)(s.text())
		}
		return s.skip()
	})
}

func (d *gltf) readAccessor(s *scanner) error {
	if err := d.take(accessorCost); err != nil {
		return err
	}
	var a accessor
	var lower, upper int
	err := s.object(func(key string) (err error) {
		switch key {
		case "count":
			return into(&a.count)(s.count())
		case "min":
			lower, err = readFloats(s, a.min[:])
			return err
		case "max":
			upper, err = readFloats(s, a.max[:])
			return err
		}
		return s.skip()
	})
	a.bounded = lower == 3 && upper == 3
	d.accessors = append(d.accessors, a)
	return err
}

// readFloats reads an array of numbers into values as far as they go, and returns how many there
// were.
func readFloats[F float32 | float64](s *scanner, values []F) (n int, err error) {
	err = s.array(func(i int) error {
		value, err := s.number()
		if i < len(values) {
			values[i] = F(value)
		}
		n++
		return err
	})
	return n, err
}

func (d *gltf) readMesh(s *scanner) error {
	if err := d.take(meshCost); err != nil {
		return err
	}
	first := uint32(len(d.primitives))
	err := s.object(func(key string) error {
		if key != "primitives" {
			return s.skip()
		}
		return s.array(func(int) error { return d.readPrimitive(s) })
	})
	d.meshes = append(d.meshes, mesh{first: first, end: uint32(len(d.primitives))})
	return err
}

func (d *gltf) readPrimitive(s *scanner) error {
	if err := d.take(primitiveCost); err != nil {
		return err
	}
	p := primitive{mode: modeTriangle, positions: noIndex, indices: noIndex}
	err := s.object(func(key string) error {
		switch key {
		case "mode":
			mode, err := s.count()
			if mode > modeFan {
				return invalid("a primitive of the glTF has mode %d", mode)
			}
			p.mode = uint8(mode)
			return err
		case "indices":
			return into(&p.indices)(s.index())
		case "attributes":
			return s.object(func(name string) error {
				if name == "POSITION" {
					return into(&p.positions)(s.index())
				}
				return s.skip()
			})
		}
		return s.skip()
	})
	d.primitives = append(d.primitives, p)
	return err
}

func (d *gltf) readNode(s *scanner) error {
	if err := d.take(nodeCost); err != nil {
		return err
	}
	n := node{mesh: noIndex, transform: noIndex, first: uint32(len(d.children))}
	var place placement
	err := s.object(func(key string) error {
		switch key {
		case "mesh":
			return into(&n.mesh)(s.index())
		case "children":
			return d.readIndices(s, &d.children)
		}
		return place.member(s, key)
	})
	n.end = uint32(len(d.children))
	if err == nil && place.given {
		err = d.take(transformCost)
		n.transform = uint32(len(d.transforms))
		d.transforms = append(d.transforms, place.transform())
	}
	d.nodes = append(d.nodes, n)
	return err
}

func (d *gltf) readScene(s *scanner) error {
	if err := d.take(sceneCost); err != nil {
		return err
	}
	var roots []uint32
	err := s.object(func(key string) error {
		if key != "nodes" {
			return s.skip()
		}
		return d.readIndices(s, &roots)
	})
	d.roots = append(d.roots, roots)
	return err
}

func (d *gltf) readIndices(s *scanner, indices *[]uint32) error {
	return s.array(func(int) error {
		if err := d.take(indexCost); err != nil {
			return err
		}
		index, err := s.index()
		*indices = append(*indices, index)
		return err
	})
}

func (d *gltf) readBuffer(s *scanner, i int) error {
	before := len(d.buffers)
	var length uint64
	embedded := false
	err := d.readResource(s, &d.buffers, func(key string) error {
		if key == "byteLength" {
			return into(&length)(s.count())
		}
		return s.skip()
	}, &embedded)
	if err != nil || embedded || len(d.buffers) > before {
		return err
	}
	if i > 0 {
		return invalid("a buffer of the glTF has no URI")
	}
	d.binary = int64(length)
	return nil
}

func (d *gltf) readURI(s *scanner, uris *[]string) error {
	var embedded bool
	return d.readResource(s, uris, func(string) error { return s.skip() }, &embedded)
}

// readResource reads an object whose member uri may name a file, or contain the data itself.
func (d *gltf) readResource(s *scanner, uris *[]string, other func(key string) error, embedded *bool) error {
	return s.object(func(key string) error {
		if key != "uri" {
			return other(key)
		}
		uri, err := s.text()
		if err != nil {
			return err
		}
		if strings.HasPrefix(uri, dataURI) {
			*embedded = true
			return nil
		}
		if len(uri) >= maxString {
			return invalid("a URI in the glTF is longer than %d bytes", maxString)
		}
		*uris = append(*uris, uri)
		return d.take(stringCost + len(uri))
	})
}

// index reads the index of another element.
func (s *scanner) index() (uint32, error) {
	value, err := s.count()
	if err == nil && value >= noIndex {
		err = invalid("an index in the JSON is %d", value)
	}
	return uint32(value), err
}
