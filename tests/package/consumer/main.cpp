// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Uses something of each component that was asked for, so that it must link.
#include <lingualinked/core/error.hpp>
#include <lingualinked/version.hpp>

#ifdef WITH_lingualinked
#include <lingualinked/lingualinked.hpp>
#endif
#ifdef WITH_glpk
#include <lingualinked/glpk/partitioner.hpp>
#endif
#ifdef WITH_zmq
#include <lingualinked/zmq/transport.hpp>
#endif
#ifdef WITH_eigen
#include <lingualinked/tensor/eigen.hpp>
#endif
#ifdef WITH_xtensor
#include <lingualinked/tensor/xtensor.hpp>
#endif

namespace ll = lingualinked;

int main() {
  bool good = ll::name_of(ll::errc::timeout) == "timeout";
#ifdef WITH_lingualinked
  good = good && ll::kernels::table_for(ll::kernels::isa::scalar).has_value();
#endif
#ifdef WITH_glpk
  ll::glpk_partitioner solver;
  static_cast<void>(solver);
#endif
  return good ? 0 : 1;
}
