// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/formats/printable.hpp>
#include <lingualinked/kernels/panels.hpp>
#include <lingualinked/model/graph_builder.hpp>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL void graph_builder::fail(errc code, std::string message) {
  if (!mistake_) mistake_ = error{code, std::move(message)};
}

LINGUALINKED_DECL std::string graph_builder::shown(std::string_view tensor) const {
  return printable(weights_.stored_name(tensor));
}

LINGUALINKED_DECL std::size_t graph_builder::width_of(value x) const {
  return x < graph_.operations.size() ? graph_.operations[x].width : 0;
}

LINGUALINKED_DECL graph_builder::value graph_builder::append(operation_kind kind, std::vector<value> inputs, std::size_t width,
                                                             bool stream) {
  if (mistake_) return 0;
  return graph_.add({std::move(kind), std::move(inputs), width, stream, label_});
}

LINGUALINKED_DECL weight_ref graph_builder::take(const std::string& name, std::size_t rows, std::size_t columns) {
  if (mistake_) return {};
  const tensor_info* info = weights_.find(name);
  if (info == nullptr) {
    fail(errc::malformed, "tensor " + shown(name) + " is missing. The file is incomplete or of another architecture");
    return {};
  }
  if (info->rows != rows || info->columns != columns) {
    fail(errc::malformed, "tensor " + shown(name) + " is " + std::to_string(info->rows) + " x " + std::to_string(info->columns) +
                              ", but the model's sizes ask for " + std::to_string(rows) + " x " + std::to_string(columns));
    return {};
  }
  const std::uint64_t bytes = kernels::panels::bytes_for(info->type, rows, columns);
  if (bytes == 0) {
    fail(errc::unsupported, "tensor " + shown(name) + " is stored as " + std::string(name_of(info->type)) +
                                ", for which there are no kernels. Convert the model to another type");
    return {};
  }
  used_.insert(name);
  return {name, info->type, rows, columns, bytes};
}

LINGUALINKED_DECL graph_builder::value graph_builder::embedding(const std::string& table, std::size_t vocabulary,
                                                                std::size_t width, float scale) {
  return append(embedding_operation{take(table, vocabulary, width), scale}, {}, width);
}

LINGUALINKED_DECL graph_builder::value graph_builder::select(value x) { return append(select_operation{}, {x}, width_of(x)); }

LINGUALINKED_DECL graph_builder::value graph_builder::rms_norm(value x, const std::string& weight, float epsilon,
                                                               std::size_t head_size) {
  const std::size_t width = width_of(x);
  weight_ref w = take(weight, 1, head_size == 0 ? width : head_size);
  if (!mistake_ && w.type != dtype::f32) {
    fail(errc::unsupported, "tensor " + shown(weight) + " is stored as " + std::string(name_of(w.type)) + "; norms must be f32");
  }
  w.resident_bytes = w.columns * sizeof(float);
  return append(rms_norm_operation{std::move(w), epsilon, head_size}, {x}, width);
}

LINGUALINKED_DECL graph_builder::value graph_builder::linear(value x, const std::string& weight, std::size_t outputs,
                                                             const std::string& bias, row_order order, std::size_t head_size,
                                                             std::size_t rotary) {
  linear_operation op{take(weight, outputs, width_of(x)), {}, order, head_size, rotary};
  if (!bias.empty() && has(bias)) {
    op.bias = take(bias, 1, outputs);
    if (!mistake_ && op.bias.type != dtype::f32)
      fail(errc::unsupported,
           "tensor " + shown(bias) + " is stored as " + std::string(name_of(op.bias.type)) + "; biases must be f32");
    op.bias.resident_bytes = outputs * sizeof(float);
  }
  return append(std::move(op), {x}, outputs);
}

LINGUALINKED_DECL graph_builder::value graph_builder::rope(value x, rope_operation how) {
  return append(std::move(how), {x}, width_of(x));
}

LINGUALINKED_DECL graph_builder::value graph_builder::attention(value q, value k, value v, attention_operation how) {
  return append(how, {q, k, v}, how.heads * how.head_size);
}

LINGUALINKED_DECL graph_builder::value graph_builder::gated_silu(value gate, value up) {
  return append(gated_silu_operation{}, {gate, up}, width_of(gate));
}

LINGUALINKED_DECL graph_builder::value graph_builder::head(value normed, const hyperparameters& h) {
  if (!h.labels.empty()) return linear(normed, "cls.output.weight", h.labels.size());
  return linear(normed, has("output.weight") ? "output.weight" : "token_embd.weight", h.vocabulary);
}

LINGUALINKED_DECL graph_builder::value graph_builder::add_to_stream(value a, value b) {
  return append(add_operation{}, {a, b}, width_of(a), true);
}

LINGUALINKED_DECL void graph_builder::mark_stream(value x) {
  if (x < graph_.operations.size()) graph_.operations[x].stream = true;
}

LINGUALINKED_DECL result<operation_graph> graph_builder::finish() && {
  if (mistake_) return *std::move(mistake_);
  for (const tensor_info& info : weights_.tensors()) {
    if (!used_.contains(info.name) && info.name != "rope_freqs.weight")
      return error{errc::unsupported, "the file holds tensor " + shown(info.name) +
                                          ", which this architecture has no use for. A result that ignores it would be wrong"};
  }
  return std::move(graph_);
}

}  // namespace lingualinked::inline v0
