// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every file of the library includes the standard headers that it uses, itself or through headers of the library, whatever
// standard headers bring along on this platform: a compiler only notices what its own do not happen to include.
#include "source_tree.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace source_tree;

const fs::path include_dir = source_dir / "include";

// Header, and the names after std:: that it gives. A name may have several homes.
const std::map<std::string_view, std::string_view> names_of = {
    {"algorithm",
     " adjacent_find all_of any_of clamp copy copy_n count count_if equal fill fill_n find find_if find_if_not "
     "is_sorted lower_bound make_heap max max_element min min_element minmax_element none_of nth_element "
     "partial_sort partition_point pop_heap push_heap remove remove_if reverse rotate sort stable_sort transform "
     "unique upper_bound "},
    {"array", " array to_array "},
    {"atomic",
     " atomic memory_order_acq_rel memory_order_acquire memory_order_relaxed memory_order_release memory_order_seq_cst "},
    {"bit", " bit_cast bit_ceil bit_floor bit_width countl_zero countr_zero endian has_single_bit popcount rotl rotr "},
    {"cfenv", " fesetround "},
    {"charconv", " chars_format from_chars to_chars "},
    {"chrono", " chrono milli nano "},
    {"cmath", " abs ceil exp fabs floor fma fmod isfinite isinf isnan llround log pow round sqrt "},
    {"concepts",
     " constructible_from convertible_to copy_constructible floating_point integral invocable movable predicate same_as "
     "unsigned_integral "},
    {"condition_variable", " condition_variable cv_status "},
    {"csetjmp", " jmp_buf longjmp "},
    {"cstddef", " byte max_align_t nullptr_t ptrdiff_t size_t to_integer "},
    {"cstdint", " int16_t int32_t int64_t int8_t uint16_t uint32_t uint64_t uint8_t uintptr_t "},
    {"cstdio", " FILE fclose fopen fread fwrite snprintf size_t "},
    {"cstdlib", " abs getenv "},
    {"cstring", " memcmp memcpy memmove memset strerror strlen size_t "},
    {"deque", " deque "},
    {"exception", " current_exception exception exception_ptr rethrow_exception terminate "},
    {"filesystem", " filesystem "},
    {"fstream", " ifstream ofstream "},
    {"functional", " equal_to function greater hash invoke less plus reference_wrapper "},
    {"initializer_list", " initializer_list "},
    {"iterator", " advance back_inserter begin distance end istreambuf_iterator make_move_iterator next prev size "},
    {"limits", " numeric_limits "},
    {"locale", " locale "},
    {"map", " map multimap "},
    {"memory", " addressof allocator make_shared make_unique shared_ptr uninitialized_value_construct_n unique_ptr weak_ptr "},
    {"mutex", " lock_guard mutex once_flag scoped_lock unique_lock "},
    {"new", " align_val_t bad_alloc nothrow "},
    {"numbers", " numbers "},
    {"numeric", " accumulate gcd iota lcm reduce "},
    {"optional", " make_optional nullopt nullopt_t optional "},
    {"queue", " priority_queue queue "},
    {"random", " mt19937 mt19937_64 random_device "},
    {"ranges", " ranges views "},
    {"set", " set "},
    {"span", " as_bytes as_writable_bytes dynamic_extent span "},
    {"sstream", " istringstream ostringstream stringstream "},
    {"stdexcept", " invalid_argument logic_error out_of_range runtime_error "},
    {"string", " getline hash stod stoul string to_string u16string u32string "},
    {"string_view", " string_view "},
    {"system_error", " errc error_code generic_category make_error_code system_error "},
    {"thread", " jthread this_thread thread "},
    {"tuple", " apply get make_tuple tie tuple tuple_element_t tuple_size_v "},
    {"type_traits",
     " conditional_t decay_t enable_if_t false_type integral_constant invoke_result_t is_base_of_v is_const_v "
     "is_enum_v is_integral_v is_invocable_r_v is_invocable_v is_same_v is_trivially_copyable_v is_void_v "
     "remove_const_t remove_cv_t remove_cvref_t remove_reference_t true_type type_identity_t underlying_type_t "},
    {"unordered_map", " unordered_map "},
    {"unordered_set", " unordered_set "},
    {"utility",
     " as_const cmp_less declval exchange forward in_place in_place_index index_sequence make_index_sequence make_pair move "
     "pair swap to_underlying "},
    {"variant", " get get_if holds_alternative in_place_index monostate variant visit "},
    {"vector", " erase erase_if vector "},
};

// Containers give their own std::erase, std::erase_if, std::get, std::begin and the like.
const std::map<std::string_view, std::set<std::string>> also_from = {
    {"array", {"get", "begin", "end", "size"}},
    {"map", {"erase_if"}},
    {"set", {"erase_if"}},
    {"unordered_map", {"erase_if"}},
    {"deque", {"erase", "erase_if"}},
    {"string", {"erase", "erase_if", "begin", "end", "size"}},
    {"utility", {"get"}},
    {"vector", {"begin", "end", "size"}},
    {"span", {"begin", "end", "size"}},
    {"memory", {"hash"}},
    {"string_view", {"hash"}},
    {"optional", {"in_place"}},
    {"charconv", {"errc"}},
    {"algorithm", {"ranges"}},
};

bool gives(const std::string& header, const std::string& name) {
  const auto entry = names_of.find(header);
  if (entry != names_of.end() && entry->second.find(" " + name + " ") != std::string_view::npos) return true;
  const auto also = also_from.find(header);
  return also != also_from.end() && also->second.contains(name);
}

bool is_known(const std::string& name) {
  return std::any_of(names_of.begin(), names_of.end(), [&](const auto& entry) { return gives(std::string(entry.first), name); });
}

// The names after std:: in the code of one file, comments left out.
std::set<std::string> used_names(const lines& text) {
  std::set<std::string> out;
  for (const std::string& line : text) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line.compare(i, 2, "//") == 0 && (i == 0 || line[i - 1] != ':')) break;
      if (line.compare(i, 5, "std::") != 0 || (i > 0 && is_word(line[i - 1]))) continue;
      std::size_t end = i + 5;
      while (end < line.size() && is_word(line[end])) ++end;
      if (end > i + 5) out.insert(line.substr(i + 5, end - i - 5));
    }
  }
  return out;
}

std::set<std::string> includes_of(const lines& text) {
  std::set<std::string> out;
  for (const std::string& line : text)
    if (std::string name = included_by(line); !name.empty()) out.insert(std::move(name));
  return out;
}

// What `file` includes, directly or through headers of the library. A header's own .ipp file stands at its end and gives it
// nothing.
const std::set<std::string>& all_includes_of(const std::string& file) {
  static std::map<std::string, std::set<std::string>> known;
  const auto [entry, is_new] = known.try_emplace(file);
  if (!is_new) return entry->second;
  std::set<std::string> out;
  for (const std::string& name : includes_of(lines_of(include_dir / file))) {
    out.insert(name);
    if (name.starts_with("lingualinked/") && name.ends_with(".hpp")) {
      const std::set<std::string>& more = all_includes_of(name);
      out.insert(more.begin(), more.end());
    }
  }
  return known[file] = std::move(out);
}

}  // namespace

TEST_CASE("every file of the library includes the standard headers that it uses") {
  std::size_t files = 0;
  for (const fs::path& path : files_below("include", {".hpp", ".ipp"})) {
    // Fragments that stand inside a namespace for each instruction set: what includes them includes for them.
    if (path.extension() == ".ipp" && path.string().find("kernels/simd/") != std::string::npos) continue;
    ++files;
    const std::set<std::string>& included = all_includes_of(path.lexically_relative("include").generic_string());
    for (const std::string& name : used_names(lines_of(source_dir / path))) {
      INFO(path.string(), " uses std::", name);
      if (!is_known(name)) {
        FAIL_CHECK("no header is known for it: name one in the table of this test");
      } else {
        CHECK_MESSAGE(std::any_of(included.begin(), included.end(), [&](const std::string& h) { return gives(h, name); }),
                      "without including a header that gives it");
      }
    }
  }
  CHECK(files > 100);
}

TEST_CASE("the reader of includes sees what is missing") {
  const lines text = {"#include <vector>", "// std::map in a comment", "std::vector<std::string> names;"};
  CHECK(used_names(text) == std::set<std::string>{"vector", "string"});
  CHECK(includes_of(text) == std::set<std::string>{"vector"});
  CHECK(gives("vector", "vector"));
  CHECK_FALSE(gives("vector", "string"));
  CHECK(gives("map", "erase_if"));
}
