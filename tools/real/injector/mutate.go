package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// mutate answers an AdmissionReview. Whoever creates the pod: Dapr's own injects for the cluster's controllers alone.
func (s settings) mutate(w http.ResponseWriter, r *http.Request) {
	review := admissionv1.AdmissionReview{}
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if review.Request == nil {
		http.Error(w, "an AdmissionReview without a request", http.StatusBadRequest)
		return
	}
	answer := admissionv1.AdmissionReview{TypeMeta: review.TypeMeta, Response: s.respond(review.Request)}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		log.Print(err)
	}
}

func (s settings) respond(request *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
	patch, err := s.patch(request)
	if err != nil {
		return &admissionv1.AdmissionResponse{UID: request.UID, Result: &metav1.Status{Message: err.Error()}}
	}
	response := &admissionv1.AdmissionResponse{UID: request.UID, Allowed: true}
	if patch != nil {
		kind := admissionv1.PatchTypeJSONPatch
		response.Patch, response.PatchType = patch, &kind
	}
	return response
}

// patch is nil for a pod that stays as it is.
func (s settings) patch(request *admissionv1.AdmissionRequest) ([]byte, error) {
	if request.Kind.Kind != "Pod" {
		return nil, errors.New("not a Pod: " + request.Kind.Kind)
	}
	pod := &corev1.Pod{}
	if err := json.Unmarshal(request.Object.Raw, pod); err != nil {
		return nil, fmt.Errorf("could not read the pod: %w", err)
	}
	operations, err := s.sidecar(pod, request.Namespace).GetPatch()
	if err != nil || len(operations) == 0 {
		return nil, err
	}
	return json.Marshal(operations)
}
