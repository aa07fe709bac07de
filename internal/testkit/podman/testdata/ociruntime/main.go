// SPDX-License-Identifier: MIT

// Command ociruntime is runc without the resource limits of a container, for tests on machines
// where root may not raise limits (no CAP_SYS_RESOURCE).
package main

import (
	"encoding/json"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

func main() {
	for i, argument := range os.Args[:len(os.Args)-1] {
		var err error
		switch argument {
		case "--bundle", "-b":
			err = dropLimits(filepath.Join(os.Args[i+1], "config.json"))
		case "--process", "-p":
			err = dropLimits(os.Args[i+1])
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	runc, err := exec.LookPath("runc")
	if err != nil {
		runc = "/usr/sbin/runc" // there may be no PATH here
	}
	log.Fatal(syscall.Exec(runc, append([]string{runc}, os.Args[1:]...), os.Environ()))
}

// dropLimits removes the limits from the configuration of a container or of a process in it.
func dropLimits(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var config map[string]any
	if err := json.Unmarshal(content, &config); err != nil {
		return err
	}
	process, ok := config["process"].(map[string]any)
	if !ok {
		process = config
	}
	delete(process, "rlimits")
	delete(process, "oomScoreAdj")
	if content, err = json.Marshal(config); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}
