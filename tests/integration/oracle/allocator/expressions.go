package main

import (
	"context"
	"fmt"

	resourceapi "k8s.io/api/resource/v1"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/dynamic-resource-allocation/cel"
	"k8s.io/utils/ptr"
)

// expressionQuestion asks what an expression says about devices, instead of an allocation.
type expressionQuestion struct {
	Expression string
	// Derived compiles it as a derived attribute instead of as a selector.
	Derived bool
	// New compiles it as kube-apiserver does on creation, instead of as stored before.
	New      bool
	Features cel.Features
	Driver   string
	Devices  []resourceapi.Device
}

// evaluation is what one device gets: a truth value or an attribute, or an error; and the cost up to there.
type evaluation struct {
	Matches   *bool                        `json:"matches,omitempty"`
	Attribute *resourceapi.DeviceAttribute `json:"attribute,omitempty"`
	Error     string                       `json:"error,omitempty"`
	Cost      uint64                       `json:"cost"`
}

type expressionAnswer struct {
	CompileError string       `json:"compileError,omitempty"`
	OutputType   string       `json:"outputType,omitempty"`
	MaxCost      uint64       `json:"maxCost"`
	Devices      []evaluation `json:"devices,omitempty"`
}

func askExpression(ctx context.Context, q *expressionQuestion) (result expressionAnswer) {
	defer func() {
		if r := recover(); r != nil {
			result.CompileError = fmt.Sprintf("panic: %v", r)
		}
	}()
	kind := environment.StoredExpressions
	if q.New {
		kind = environment.NewExpressions
	}
	compiled := cel.GetCompiler(q.Features).CompileCELExpression(q.Expression, cel.Options{EnvType: &kind, DerivedAttribute: q.Derived})
	if compiled.Error != nil {
		result.CompileError = compiled.Error.Error()
		return result
	}
	result.OutputType = compiled.OutputType.String()
	result.MaxCost = compiled.MaxCost
	for _, device := range q.Devices {
		result.Devices = append(result.Devices, evaluate(ctx, compiled, q, device))
	}
	return result
}

func evaluate(ctx context.Context, compiled cel.CompilationResult, q *expressionQuestion, device resourceapi.Device) (result evaluation) {
	defer func() {
		if r := recover(); r != nil {
			result.Error = fmt.Sprintf("panic: %v", r)
		}
	}()
	input := cel.Device{
		Driver: q.Driver, AllowMultipleAllocations: device.AllowMultipleAllocations,
		Attributes: device.Attributes, Capacity: device.Capacity,
	}
	if q.Derived {
		attribute, details, err := compiled.EvaluateDerivedAttribute(ctx, input)
		if details != nil {
			result.Cost = ptr.Deref(details.ActualCost(), 0)
		}
		if err != nil {
			result.Error = err.Error()
			return result
		}
		result.Attribute = attribute
		return result
	}
	matches, details, err := compiled.DeviceMatches(ctx, input)
	if details != nil {
		result.Cost = ptr.Deref(details.ActualCost(), 0)
	}
	if err != nil {
		result.Error = err.Error()
		return result
	}
	result.Matches = &matches
	return result
}
