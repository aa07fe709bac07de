// SPDX-License-Identifier: MIT

// Package sample makes the small model of this project's tests and examples: a pavilion of a
// hexagonal base, six columns that share one mesh, and a copper roof. It is about 2 m high.
package sample

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
)

// What the model has, as a conversion counts it.
const (
	Meshes     = 3
	Faces      = 20 + 12 + 10
	Vertices   = 36 + 24 + 24
	Materials  = 2
	Columns    = 6
	SceneFaces = 20 + Columns*12 + 10
)

// BufferName is the file that the glTF refers to.
const BufferName = "pavilion.bin"

type vector [3]float32

// shape is a mesh under construction: flat faces, each with vertices of its own.
type shape struct {
	positions, normals []vector
	indices            []uint16
}

// face adds a convex polygon. Its corners run counterclockwise, seen from outside.
func (s *shape) face(corners ...vector) {
	first := uint16(len(s.positions))
	a, b, c := corners[0], corners[1], corners[2]
	u, v := minus(b, a), minus(c, a)
	normal := unit(vector{u[1]*v[2] - u[2]*v[1], u[2]*v[0] - u[0]*v[2], u[0]*v[1] - u[1]*v[0]})
	for _, corner := range corners {
		s.positions = append(s.positions, corner)
		s.normals = append(s.normals, normal)
	}
	for i := 2; i < len(corners); i++ {
		s.indices = append(s.indices, first, first+uint16(i)-1, first+uint16(i))
	}
}

func minus(a, b vector) vector { return vector{a[0] - b[0], a[1] - b[1], a[2] - b[2]} }

func unit(v vector) vector {
	length := float32(math.Sqrt(float64(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])))
	return vector{v[0] / length, v[1] / length, v[2] / length}
}

// ring returns the corners of a regular polygon, counterclockwise seen from above.
func ring(corners int, radius, height float32) []vector {
	points := make([]vector, corners)
	for i := range points {
		// Coordinates are rounded to a millimetre, so that the file is the same on every machine.
		sin, cos := math.Sincos(-2 * math.Pi * float64(i) / float64(corners))
		points[i] = vector{round(float64(radius) * cos), height, round(float64(radius) * sin)}
	}
	return points
}

func round(x float64) float32 { return float32(math.Round(x*1000)/1000) + 0 }

func reversed(points []vector) []vector {
	turned := make([]vector, 0, len(points))
	for i := len(points) - 1; i >= 0; i-- {
		turned = append(turned, points[i])
	}
	return turned
}

func prism(corners int, radius, bottom, top float32) *shape {
	s := &shape{}
	lower, upper := ring(corners, radius, bottom), ring(corners, radius, top)
	for i := range lower {
		next := (i + 1) % corners
		s.face(lower[i], lower[next], upper[next], upper[i])
	}
	s.face(upper...)
	s.face(reversed(lower)...)
	return s
}

func roof(corners int, radius, bottom, top float32) *shape {
	s := &shape{}
	eaves := ring(corners, radius, bottom)
	for i := range eaves {
		s.face(eaves[i], eaves[(i+1)%corners], vector{0, top, 0})
	}
	s.face(reversed(eaves)...)
	return s
}

type object = map[string]any

// document returns the glTF and its buffer. bufferURI is empty for a buffer inside of a GLB.
func document(bufferURI string) (text, buffer []byte) {
	var views, accessors, meshes []object
	for _, part := range []struct {
		name     string
		material int
		shape    *shape
	}{
		{"base", 0, prism(6, 1, 0, 0.2)},
		{"column", 0, prism(4, 0.1, 0.2, 1.4)},
		{"roof", 1, roof(6, 1.2, 1.4, 2)},
	} {
		first := len(accessors)
		for _, attribute := range [][]vector{part.shape.positions, part.shape.normals} {
			views = append(views, view(&buffer, attribute, 34962))
			accessors = append(accessors, vectors(len(views)-1, attribute))
		}
		views = append(views, view(&buffer, part.shape.indices, 34963))
		accessors = append(accessors, object{
			"bufferView": len(views) - 1, "componentType": 5123, "count": len(part.shape.indices), "type": "SCALAR",
		})
		meshes = append(meshes, object{"name": part.name, "primitives": []object{{
			"attributes": object{
				"POSITION": first,
				"NORMAL":   first + 1,
			}, "indices": first + 2, "material": part.material,
		}}})
	}
	holder := object{"byteLength": len(buffer)}
	if bufferURI != "" {
		holder["uri"] = bufferURI
	}
	nodes, roots := nodes()
	text, err := json.Marshal(object{
		"asset": object{"version": "2.0", "generator": "azremoterendering sample"},
		"scene": 0, "scenes": []object{{"name": "pavilion", "nodes": roots}}, "nodes": nodes,
		"meshes": meshes, "accessors": accessors, "bufferViews": views, "buffers": []object{holder},
		"materials": []object{
			material("stone", 0.8, 0.78, 0.74, 0, 0.9), material("copper", 0.72, 0.45, 0.2, 1, 0.35),
		},
	})
	if err != nil {
		panic(err) // only values that JSON has
	}
	return text, buffer
}

// nodes returns the base, which carries the columns and the roof.
func nodes() (nodes []object, roots []int) {
	var children []int
	nodes = []object{{"name": "base", "mesh": 0}}
	for _, place := range ring(Columns, 0.8, 0) {
		children = append(children, len(nodes))
		nodes = append(nodes, object{"name": "column", "mesh": 1, "translation": place})
	}
	children = append(children, len(nodes))
	nodes = append(nodes, object{"name": "roof", "mesh": 2})
	nodes[0]["children"] = children
	return nodes, []int{0}
}

func view(buffer *[]byte, data any, target int) object {
	start := len(*buffer)
	*buffer, _ = binary.Append(*buffer, binary.LittleEndian, data)
	length := len(*buffer) - start
	*buffer = pad(*buffer, 0)
	return object{"buffer": 0, "byteOffset": start, "byteLength": length, "target": target}
}

func vectors(view int, values []vector) object {
	lower, upper := values[0], values[0]
	for _, value := range values {
		for axis := range value {
			lower[axis], upper[axis] = min(lower[axis], value[axis]), max(upper[axis], value[axis])
		}
	}
	return object{
		"bufferView": view, "componentType": 5126, "count": len(values), "type": "VEC3", "min": lower, "max": upper,
	}
}

func material(name string, r, g, b, metallic, roughness float64) object {
	return object{"name": name, "pbrMetallicRoughness": object{
		"baseColorFactor": []float64{r, g, b, 1}, "metallicFactor": metallic, "roughnessFactor": roughness,
	}}
}

// pad fills up to a multiple of four bytes.
func pad(data []byte, with byte) []byte {
	for len(data)%4 != 0 {
		data = append(data, with)
	}
	return data
}

// GLTF returns the model as a glTF file and its buffer, a file named BufferName beside it.
func GLTF() (text, buffer []byte) {
	text, buffer = document(BufferName)
	var indented bytes.Buffer
	_ = json.Indent(&indented, text, "", "  ") // it was just marshalled
	indented.WriteByte('\n')
	return indented.Bytes(), buffer
}

// GLB returns the model as one file.
func GLB() []byte {
	text, buffer := document("")
	text = pad(text, ' ')
	glb := []byte("glTF")
	add := func(value int) { glb = binary.LittleEndian.AppendUint32(glb, uint32(value)) }
	add(2)
	add(12 + 8 + len(text) + 8 + len(buffer))
	add(len(text))
	glb = append(append(glb, "JSON"...), text...)
	add(len(buffer))
	return append(append(glb, "BIN\x00"...), buffer...)
}
