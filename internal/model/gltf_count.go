// SPDX-License-Identifier: MIT

package model

import "math/bits"

// maxCount keeps sums over a hostile file from overflowing. No renderer has that many of anything.
const maxCount = 1 << 60

// count counts the document. How the service counts is undocumented; these rules yield every number
// of the one documented example ("Get information about conversions", made from the sample model
// "Buggy" of Khronos): parts once each, one material more than the file has, one node more if the
// scene has several roots.
func (d *gltf) count() (*Statistics, *Bounds, error) {
	stats := &Statistics{NumMeshes: uint64(len(d.primitives)), NumMaterial: d.materials + 1}
	for i := range d.meshes {
		if err := d.sum(&d.meshes[i], stats); err != nil {
			return nil, nil, err
		}
	}
	bounds, err := d.walk(stats)
	if err == nil && stats.NumMeshUsagesInScene == 0 {
		err = invalid("the scene of the glTF shows no mesh")
	}
	return stats, bounds, err
}

// sum counts the primitives of a mesh once, so that the scene may show it often at no cost.
func (d *gltf) sum(m *mesh, stats *Statistics) error {
	for i := m.first; i < m.end; i++ {
		p := d.primitives[i]
		faces, vertices, err := d.size(p)
		if err != nil {
			return err
		}
		add(&m.faces, faces)
		add(&stats.NumFaces, faces)
		add(&stats.NumVertices, vertices)
		if i == 0 || faces < stats.NumFacesSmallestMesh {
			stats.NumFacesSmallestMesh = faces
		}
		stats.NumFacesBiggestMesh = max(stats.NumFacesBiggestMesh, faces)
		if a := d.accessors[p.positions]; a.bounded {
			m.box.extend(a)
		}
	}
	return nil
}

// extend makes the box of a also contain that of b.
func (a *accessor) extend(b accessor) {
	if !a.bounded {
		*a = b
		return
	}
	for axis := range a.min {
		a.min[axis] = min(a.min[axis], b.min[axis])
		a.max[axis] = max(a.max[axis], b.max[axis])
	}
}

// size returns the number of triangles and vertices of a primitive. Points and lines are no faces.
func (d *gltf) size(p primitive) (faces, vertices uint64, err error) {
	positions, err := d.accessor(p.positions)
	if err != nil {
		return 0, 0, err
	}
	corners := positions.count
	if p.indices != noIndex {
		indices, err := d.accessor(p.indices)
		if err != nil {
			return 0, 0, err
		}
		corners = indices.count
	}
	switch {
	case p.mode == modeTriangle:
		faces = corners / 3
	case (p.mode == modeStrip || p.mode == modeFan) && corners > 2:
		faces = corners - 2
	}
	return faces, positions.count, nil
}

func (d *gltf) accessor(index uint32) (accessor, error) {
	if index == noIndex {
		return accessor{}, invalid("a primitive of the glTF has no positions")
	}
	if int64(index) >= int64(len(d.accessors)) {
		return accessor{}, invalid("the glTF has no accessor %d", index)
	}
	return d.accessors[index], nil
}

// visit is a node still to be counted.
type visit struct {
	node   uint32
	depth  uint64
	placed transform
}

// walk counts the nodes of the scene and what they show. A document without a scene is refused:
// glTF calls it a library of parts, with nothing to show.
func (d *gltf) walk(stats *Statistics) (*Bounds, error) {
	roots, err := d.sceneRoots()
	if err != nil {
		return nil, err
	}
	depth := uint64(0)
	if len(roots) != 1 {
		depth, stats.NumNodes = 1, 1
	}
	var pending []visit
	for _, root := range roots {
		pending = append(pending, visit{root, depth, identity})
	}
	var bounds *Bounds
	seen := make([]bool, len(d.nodes))
	for len(pending) > 0 {
		v := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if int64(v.node) >= int64(len(d.nodes)) {
			return nil, invalid("the glTF has no node %d", v.node)
		}
		if seen[v.node] {
			return nil, invalid("node %d of the glTF has more than one parent", v.node)
		}
		seen[v.node] = true
		n := d.nodes[v.node]
		if n.transform != noIndex {
			v.placed = v.placed.times(&d.transforms[n.transform])
		}
		stats.NumNodes++
		stats.MaxNodeDepth = max(stats.MaxNodeDepth, v.depth)
		if bounds, err = d.show(n, &v.placed, bounds, stats); err != nil {
			return nil, err
		}
		for _, child := range d.children[n.first:n.end] {
			pending = append(pending, visit{child, v.depth + 1, v.placed})
		}
	}
	if bounds != nil && !bounds.finite() {
		bounds = nil
	}
	return bounds, nil
}

func (d *gltf) sceneRoots() ([]uint32, error) {
	if len(d.roots) == 0 {
		return nil, invalid("the glTF has no scene")
	}
	if d.scene >= uint64(len(d.roots)) {
		return nil, invalid("the glTF has no scene %d", d.scene)
	}
	return d.roots[d.scene], nil
}

// show counts the mesh of a node, if it has one.
func (d *gltf) show(n node, placed *transform, bounds *Bounds, stats *Statistics) (*Bounds, error) {
	if n.mesh == noIndex {
		return bounds, nil
	}
	if int64(n.mesh) >= int64(len(d.meshes)) {
		return nil, invalid("the glTF has no mesh %d", n.mesh)
	}
	m := d.meshes[n.mesh]
	add(&stats.NumMeshUsagesInScene, uint64(m.end-m.first))
	add(&stats.SceneFaces, m.faces)
	if m.box.bounded {
		bounds = bounds.include(placed, m.box.min, m.box.max)
	}
	return bounds, nil
}

func add(sum *uint64, n uint64) {
	total, carry := bits.Add64(*sum, n, 0)
	if carry != 0 || total > maxCount {
		total = maxCount
	}
	*sum = total
}
