package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/config"
)

// Where an object without a namespace belongs, as kubectl has it.
const defaultNamespace = "default"

// readManifests gives Istio's objects of these files. Objects of Kubernetes' own kinds are none of istiod's.
func readManifests(files []string) ([]config.Config, error) {
	var found []config.Config
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		parsed, _, err := crd.ParseInputs(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		found = append(found, parsed...)
	}
	for i := range found {
		if found[i].Namespace == "" {
			found[i].Namespace = defaultNamespace
		}
	}
	return found, nil
}

// apply makes the store hold these objects and no others, as `kubectl apply --prune` would, one object after another.
// Objects of older age have precedence in Istio: one that stays keeps its time, a new one is younger.
func apply(store model.ConfigStore, wanted []config.Config) (string, error) {
	var created, updated, deleted int
	stale := map[config.GroupVersionKind]map[string]config.Config{}
	for _, schema := range store.Schemas().All() {
		kind := schema.GroupVersionKind()
		stale[kind] = map[string]config.Config{}
		for _, held := range store.List(kind, model.NamespaceAll) {
			stale[kind][held.Namespace+"/"+held.Name] = held
		}
	}
	for _, object := range wanted {
		place := object.Namespace + "/" + object.Name
		held, known := stale[object.GroupVersionKind][place]
		delete(stale[object.GroupVersionKind], place)
		if !known {
			object.CreationTimestamp = time.Now()
			if _, err := store.Create(object); err != nil {
				return "", fmt.Errorf("%s %s: %w", object.GroupVersionKind.Kind, place, err)
			}
			created++
			continue
		}
		object.CreationTimestamp, object.ResourceVersion = held.CreationTimestamp, held.ResourceVersion
		if object.Equals(&held) {
			continue
		}
		if _, err := store.Update(object); err != nil {
			return "", fmt.Errorf("%s %s: %w", object.GroupVersionKind.Kind, place, err)
		}
		updated++
	}
	for kind, objects := range stale {
		for _, held := range objects {
			if err := store.Delete(kind, held.Name, held.Namespace, nil); err != nil {
				return "", fmt.Errorf("%s %s/%s: %w", strings.ToLower(kind.Kind), held.Namespace, held.Name, err)
			}
			deleted++
		}
	}
	return fmt.Sprintf("created %d, updated %d, deleted %d", created, updated, deleted), nil
}
