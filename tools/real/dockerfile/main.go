// What BuildKit says of Dockerfiles: everything that its checks find, and the configuration of the image that it would make.
// Nothing is built and no registry is asked: a base image is taken to configure nothing.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// answer is what is printed for one file.
type answer struct {
	Problems []problem            `json:"problems"`
	Error    string               `json:"error,omitempty"`
	Bases    []string             `json:"bases"`
	Config   ocispecs.ImageConfig `json:"config"`
}

type problem struct {
	Rule   string `json:"rule"`
	Detail string `json:"detail"`
	Line   int    `json:"line"`
}

var platform = ocispecs.Platform{OS: "linux", Architecture: "amd64"}

// plain resolves every image to one that configures nothing.
type plain struct{}

func (plain) ResolveImageConfig(
	_ context.Context, ref string, _ sourceresolver.Opt,
) (string, digest.Digest, []byte, error) {
	return ref, "", []byte(`{"os":"linux","architecture":"amd64","config":{}}`), nil
}

func main() {
	log.SetFlags(0)
	answers := []answer{}
	for _, file := range os.Args[1:] {
		text, err := os.ReadFile(file)
		if err != nil {
			log.Fatal(err)
		}
		answers = append(answers, judge(file, text))
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		log.Fatal(err)
	}
}

func judge(file string, text []byte) answer {
	result := answer{Problems: []problem{}, Bases: bases(text)}
	made, err := dockerfile2llb.Dockerfile2LLB(context.Background(), text, dockerfile2llb.ConvertOpt{
		Config: dockerui.Config{
			BuildPlatforms:  []ocispecs.Platform{platform},
			TargetPlatforms: []ocispecs.Platform{platform},
			LinterConfig:    &linter.Config{ExperimentalAll: true},
		},
		AllStages:      true,
		MetaResolver:   plain{},
		SourceMap:      llb.NewSourceMap(nil, file, "Dockerfile", text),
		TargetPlatform: &platform,
		Warn: func(rule, _, _, detail string, location []parser.Range) {
			line := 0
			if len(location) > 0 {
				line = location[0].Start.Line
			}
			result.Problems = append(result.Problems, problem{rule, detail, line})
		},
	})
	if err != nil {
		result.Error = err.Error()
		return result
	}
	result.Config = made.Image.Config.ImageConfig
	return result
}

// bases are the images from which stages are made, less those that are stages themselves.
func bases(text []byte) []string {
	found := []string{}
	file, err := parser.Parse(strings.NewReader(string(text)))
	if err != nil {
		return found
	}
	stages, _, err := instructions.Parse(file.AST, nil)
	if err != nil {
		return found
	}
	known := map[string]bool{}
	for _, stage := range stages {
		if !known[stage.BaseName] {
			found = append(found, stage.BaseName)
		}
		known[stage.Name] = true
	}
	return found
}
