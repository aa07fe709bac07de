// SPDX-License-Identifier: MIT

package model

import "math"

// transform places a node in its parent: the upper three rows of a matrix, column by column.
type transform [4][3]float32

var identity = transform{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0, 0, 0}}

// point returns where a point of the node lies in its parent.
func (t *transform) point(p [3]float32) (q [3]float32) {
	for row := range q {
		q[row] = t[0][row]*p[0] + t[1][row]*p[1] + t[2][row]*p[2] + t[3][row]
	}
	return q
}

// times returns the transform that does child first, then t.
func (t *transform) times(child *transform) (product transform) {
	for column := range child {
		product[column] = t.point(child[column])
		if column < 3 { // directions are not moved
			for row := range product[column] {
				product[column][row] -= t[3][row]
			}
		}
	}
	return product
}

// placement collects the members of a node that place it: a matrix, or translation, rotation and
// scale.
type placement struct {
	given                        bool
	matrix                       [16]float32
	translation, rotation, scale []float32
	isMatrix                     bool
}

func (p *placement) member(s *scanner, key string) (err error) {
	switch key {
	case "matrix":
		p.given, p.isMatrix = true, true
		_, err = readFloats(s, p.matrix[:])
	case "translation":
		err = p.part(s, &p.translation, 3)
	case "rotation":
		err = p.part(s, &p.rotation, 4)
	case "scale":
		err = p.part(s, &p.scale, 3)
	default:
		err = s.skip()
	}
	return err
}

func (p *placement) part(s *scanner, values *[]float32, n int) error {
	p.given = true
	*values = make([]float32, n)
	_, err := readFloats(s, *values)
	return err
}

func (p *placement) transform() (t transform) {
	if p.isMatrix {
		for i, value := range p.matrix {
			if i%4 < 3 {
				t[i/4][i%4] = value
			}
		}
		return t
	}
	t = identity
	if q := p.rotation; q != nil {
		t = rotation(q[0], q[1], q[2], q[3])
	}
	for column, factor := range p.scale {
		for row := range t[column] {
			t[column][row] *= factor
		}
	}
	copy(t[3][:], p.translation)
	return t
}

// rotation is the matrix of a unit quaternion.
func rotation(x, y, z, w float32) transform {
	return transform{
		{1 - 2*(y*y+z*z), 2 * (x*y + z*w), 2 * (x*z - y*w)},
		{2 * (x*y - z*w), 1 - 2*(x*x+z*z), 2 * (y*z + x*w)},
		{2 * (x*z + y*w), 2 * (y*z - x*w), 1 - 2*(x*x+y*y)},
	}
}

// include makes b contain the box from lower to upper, as t places it. It returns nil for a box
// that is not finite.
func (b *Bounds) include(t *transform, lower, upper [3]float32) *Bounds {
	for corner := range 8 {
		p := lower
		for axis := range p {
			if corner>>axis&1 == 1 {
				p[axis] = upper[axis]
			}
		}
		q := t.point(p)
		if b == nil {
			b = &Bounds{Min: wide(q), Max: wide(q)}
		}
		for axis, value := range wide(q) {
			b.Min[axis], b.Max[axis] = min(b.Min[axis], value), max(b.Max[axis], value)
		}
	}
	return b
}

func (b *Bounds) finite() bool {
	for axis := range b.Min {
		if span := b.Max[axis] - b.Min[axis]; math.IsNaN(span) || math.IsInf(span, 0) {
			return false
		}
	}
	return true
}

func wide(p [3]float32) [3]float64 { return [3]float64{float64(p[0]), float64(p[1]), float64(p[2])} }
