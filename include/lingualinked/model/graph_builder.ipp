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

LINGUALINKED_DECL weight_ref graph_builder::take(const std::string& name, std::size_t rows, std::size_t columns,
                                                 std::size_t first, std::size_t stored_rows) {
  if (mistake_) return {};
  if (stored_rows == 0) stored_rows = rows;
  const tensor_info* info = weights_.find(name);
  if (info == nullptr) {
    fail(errc::malformed, "tensor " + shown(name) + " is missing. The file is incomplete or of another architecture");
    return {};
  }
  if (info->rows != stored_rows || info->columns != columns) {
    fail(errc::malformed, "tensor " + shown(name) + " is " + std::to_string(info->rows) + " x " + std::to_string(info->columns) +
                              ", but the model's sizes ask for " + std::to_string(stored_rows) + " x " + std::to_string(columns));
    return {};
  }
  const std::uint64_t bytes = kernels::panels::bytes_for(info->type, rows, columns);
  if (bytes == 0) {
    fail(errc::unsupported, "tensor " + shown(name) + " is stored as " + std::string(name_of(info->type)) +
                                ", for which there are no kernels. Convert the model to another type");
    return {};
  }
  used_.insert(name);
  return {name, info->type, rows, columns, bytes, first};
}

LINGUALINKED_DECL weight_ref graph_builder::take_vectors(const std::string& name, std::size_t count, std::size_t size,
                                                         const char* what) {
  weight_ref w = take(name, count, size);
  if (!mistake_ && w.type != dtype::f32)
    fail(errc::unsupported,
         "tensor " + shown(name) + " is stored as " + std::string(name_of(w.type)) + "; " + what + " must be f32");
  w.resident_bytes = count * size * sizeof(float);
  return w;
}

LINGUALINKED_DECL weight_ref graph_builder::take_vector(const std::string& name, std::size_t size, const char* what,
                                                        std::size_t first, std::size_t stored_size) {
  weight_ref w = take_vectors(name, 1, stored_size == 0 ? size : stored_size, what);
  w.columns = size;
  w.first = first;
  w.resident_bytes = size * sizeof(float);
  return w;
}

LINGUALINKED_DECL graph_builder::value graph_builder::embedding(const std::string& table, std::size_t vocabulary,
                                                                std::size_t width, float scale) {
  return append(embedding_operation{take(table, vocabulary, width), scale}, {}, width);
}

LINGUALINKED_DECL graph_builder::value graph_builder::positions(value x, const std::string& table, std::size_t rows,
                                                                std::size_t offset) {
  return append(position_embedding_operation{take(table, rows, width_of(x)), offset}, {x}, width_of(x));
}

LINGUALINKED_DECL graph_builder::value graph_builder::select(value x) { return append(select_operation{}, {x}, width_of(x)); }

LINGUALINKED_DECL graph_builder::value graph_builder::rms_norm(value x, const std::string& weight, float epsilon,
                                                               std::size_t head_size) {
  const std::size_t width = width_of(x);
  return append(rms_norm_operation{take_vector(weight, head_size == 0 ? width : head_size, "norms"), epsilon, head_size}, {x},
                width);
}

LINGUALINKED_DECL graph_builder::value graph_builder::layer_norm(value x, const std::string& name, float epsilon) {
  const std::size_t width = width_of(x);
  return append(
      layer_norm_operation{take_vector(name + ".weight", width, "norms"), take_vector(name + ".bias", width, "norms"), epsilon},
      {x}, width);
}

LINGUALINKED_DECL graph_builder::value graph_builder::layer_norm_of_heads(value x, const std::string& name, float epsilon,
                                                                          std::size_t head_size) {
  const std::size_t width = width_of(x);
  weight_ref w = take_vectors(name + ".weight", width / head_size, head_size, "norms");
  return append(layer_norm_operation{std::move(w), {}, epsilon, head_size}, {x}, width);
}

LINGUALINKED_DECL graph_builder::value graph_builder::linear(value x, const std::string& weight, std::size_t outputs,
                                                             const linear_form& form) {
  linear_operation op{
      take(weight, outputs, width_of(x), form.first, form.stored_rows), {}, form.order, form.head_size, form.rotary};
  if (!form.bias.empty() && (form.needs_bias || has(form.bias)))
    op.bias = take_vector(form.bias, outputs, "biases", form.first, form.stored_rows);
  return append(std::move(op), {x}, outputs);
}

LINGUALINKED_DECL graph_builder::value graph_builder::rope(value x, rope_operation how) {
  return append(std::move(how), {x}, width_of(x));
}

LINGUALINKED_DECL graph_builder::value graph_builder::attention(value q, value k, value v, attention_operation how) {
  const std::size_t width = how.heads * how.head_size;
  return append(std::move(how), {q, k, v}, width);
}

LINGUALINKED_DECL graph_builder::value graph_builder::activate(value x, activation_kind kind) {
  return append(activation_operation{kind}, {x}, width_of(x));
}

LINGUALINKED_DECL graph_builder::value graph_builder::gated(value gate, value up, activation_kind kind) {
  return append(gated_operation{kind}, {gate, up}, width_of(gate));
}

LINGUALINKED_DECL graph_builder::value graph_builder::scale(value a, value b) {
  return append(scale_operation{}, {a, b}, width_of(a));
}

LINGUALINKED_DECL graph_builder::value graph_builder::mixture(value x, value scores, const std::string& gate,
                                                              const std::string& up, const std::string& down, std::size_t experts,
                                                              std::size_t feed_forward, mixture_operation how) {
  const std::size_t width = width_of(x);
  for (std::size_t e = 0; e < experts && !mistake_; ++e) {
    how.gate.push_back(take(gate, feed_forward, width, e * feed_forward, experts * feed_forward));
    how.up.push_back(take(up, feed_forward, width, e * feed_forward, experts * feed_forward));
    how.down.push_back(take(down, width, feed_forward, e * width, experts * width));
  }
  return append(std::move(how), {x, scores}, width);
}

LINGUALINKED_DECL graph_builder::value graph_builder::soft_cap(value x, float cap) {
  return append(soft_cap_operation{cap}, {x}, width_of(x));
}

LINGUALINKED_DECL graph_builder::value graph_builder::head(value normed, const hyperparameters& h) {
  if (!h.labels.empty()) return linear(normed, "cls.output.weight", h.labels.size());
  return linear(normed, has("output.weight") ? "output.weight" : "token_embd.weight", h.vocabulary);
}

LINGUALINKED_DECL graph_builder::value graph_builder::add(value a, value b) {
  return append(add_operation{}, {a, b}, width_of(a));
}

LINGUALINKED_DECL graph_builder::value graph_builder::add_to_stream(value a, value b) {
  return append(add_operation{}, {a, b}, width_of(a), true);
}

LINGUALINKED_DECL void graph_builder::mark_stream(value x) {
  if (x < graph_.operations.size()) graph_.operations[x].stream = true;
}

LINGUALINKED_DECL result<operation_graph> graph_builder::finish() && {
  if (mistake_) return *std::move(mistake_);
  for (const char* table : {"rope_freqs.weight", "rope_factors_short.weight", "rope_factors_long.weight"}) used_.insert(table);
  for (const tensor_info& info : weights_.tensors()) {
    if (!used_.contains(info.name))
      return error{errc::unsupported, "the file holds tensor " + shown(info.name) +
                                          ", which this architecture has no use for. A result that ignores it would be wrong"};
  }
  return std::move(graph_);
}

}  // namespace lingualinked::inline v0
