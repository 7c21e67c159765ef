// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// The umbrella: everything of core, kernels and models that a program asks for by name. zmq/, glpk/, tensor/eigen.hpp and
// tensor/xtensor.hpp are included by themselves, as each brings a library along.
#include <lingualinked/concepts/archetypes.hpp>
#include <lingualinked/concepts/executor.hpp>
#include <lingualinked/concepts/graph.hpp>
#include <lingualinked/concepts/partitioner.hpp>
#include <lingualinked/concepts/transport.hpp>
#include <lingualinked/documents/control.hpp>
#include <lingualinked/documents/fleet.hpp>
#include <lingualinked/documents/instance.hpp>
#include <lingualinked/documents/plan.hpp>
#include <lingualinked/documents/profile.hpp>
#include <lingualinked/execution/cpu_executor.hpp>
#include <lingualinked/formats/fingerprint.hpp>
#include <lingualinked/formats/gguf.hpp>
#include <lingualinked/formats/npy.hpp>
#include <lingualinked/formats/safetensors.hpp>
#include <lingualinked/graph/module_graph.hpp>
#include <lingualinked/graph/transmission_map.hpp>
#include <lingualinked/kernels/table.hpp>
#include <lingualinked/model/label_scores.hpp>
#include <lingualinked/model/language_model.hpp>
#include <lingualinked/model/registry.hpp>
#include <lingualinked/partition/balanced.hpp>
#include <lingualinked/partition/chain.hpp>
#include <lingualinked/partition/counts.hpp>
#include <lingualinked/partition/even.hpp>
#include <lingualinked/partition/explanation.hpp>
#include <lingualinked/partition/fixed_cuts.hpp>
#include <lingualinked/partition/given_plan.hpp>
#include <lingualinked/partition/lingualinked.hpp>
#include <lingualinked/partition/proportional.hpp>
#include <lingualinked/partition/windows.hpp>
#include <lingualinked/pipeline/pipeline.hpp>
#include <lingualinked/pipeline/session.hpp>
#include <lingualinked/pipeline/worker_loop.hpp>
#include <lingualinked/tensor/dtype.hpp>
#include <lingualinked/tensor/view.hpp>
#include <lingualinked/text/chat_template.hpp>
#include <lingualinked/text/detokenizer.hpp>
#include <lingualinked/text/sampler.hpp>
#include <lingualinked/text/stop_matcher.hpp>
#include <lingualinked/text/tokenizer.hpp>
#include <lingualinked/transport/inproc.hpp>
#include <lingualinked/version.hpp>
