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
	extract         = func(context.Context, reader.Unit) (*evidence.Evidence, error)
	extractLane     = pipeline.Lane[reader.Unit, *evidence.Evidence]
	crewOf[Out any] = pipeline.Crew[reader.Unit, *evidence.Evidence, Out]
)

// crew is a worker, of which there are as many as processors: two messages at a
// time, whose bodies are hashed side by side where the processor has what that
// takes, and then what is done with their evidence.
func crew[Out any](r *run, sideBySide bool, then func(context.Context, *evidence.Evidence) (Out, error)) crewOf[Out] {
	if !sideBySide {
		alone := evidence.NewExtractor(r.set.evidence)
		return crewOf[Out]{Then: then, Lanes: []extractLane{func(func()) extract { return r.extract(alone) }}}
	}
	pair := sha256pair.New()
	return crewOf[Out]{Then: then, Meet: pair.Meet, Lanes: []extractLane{r.beside(pair.Lane(0)), r.beside(pair.Lane(1))}}
}

// asIs is for crews that only take evidence.
func asIs(_ context.Context, e *evidence.Evidence) (*evidence.Evidence, error) { return e, nil }

// beside extracts in a lane of a pair.
func (r *run) beside(l *sha256pair.Lane) extractLane {
	return func(pause func()) extract {
		l.Pauses(pause)
		x := evidence.NewExtractor(r.set.evidence)
		x.HashBodies(l.New)
		return r.extract(x)
	}
}

func (r *run) extract(x *evidence.Extractor) extract {
	return func(_ context.Context, u reader.Unit) (e *evidence.Evidence, err error) {
		defer u.Release()
		defer guard(&u, sink.StageExtract, &err)
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
