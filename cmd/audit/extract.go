package main

import (
	"context"

	"mailaudit/evaluate/evidence"
	"mailaudit/internal/pipeline"
	"mailaudit/internal/sha256pair"
	"mailaudit/reader"
	"mailaudit/sink"
)

type (
	extractCrew = pipeline.Crew[reader.Unit, *evidence.Evidence]
	extractLane = pipeline.Lane[reader.Unit, *evidence.Evidence]
)

// newExtractors makes the first stage's worker, of which there are as many as
// processors: two messages at a time, whose bodies are hashed side by side.
func (r *run) newExtractors() extractCrew { return r.extractors(sha256pair.Available()) }

func (r *run) extractors(sideBySide bool) extractCrew {
	if !sideBySide {
		return extractCrew{Lanes: []extractLane{r.extractor(r.newExtractor(), nil)}}
	}
	pair := sha256pair.New()
	c := extractCrew{Meet: pair.Meet}
	for i := range 2 {
		x := r.newExtractor()
		x.HashBodies(pair.Lane(i).New)
		c.Lanes = append(c.Lanes, r.extractor(x, pair.Lane(i).Pauses))
	}
	return c
}

func (r *run) newExtractor() *evidence.Extractor { return evidence.NewExtractor(r.set.evidence) }

// extractor is the lane of one extractor; pauses, where not nil, is told how it
// is paused.
func (r *run) extractor(x *evidence.Extractor, pauses func(func())) extractLane {
	return func(_ context.Context, u reader.Unit, pause func()) (e *evidence.Evidence, err error) {
		defer u.Release()
		defer guard(&u, sink.StageExtract, &err)
		if pauses != nil {
			pauses(pause)
		}
		e, err = x.Extract(&u)
		if err != nil {
			return nil, problemOf(err, &u, sink.StageExtract)
		}
		if !r.set.wants(e) {
			return nil, nil
		}
		return e, nil
	}
}
