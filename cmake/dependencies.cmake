# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Finds what is on this machine; never fetches. Only threads are required: whatever else is missing takes its component
# with it, and one line says so. Debian's package names: cmake/debian-packages.txt.
find_package(Threads REQUIRED)
find_package(nlohmann_json 3.10 QUIET)
find_package(utf8proc QUIET)
find_package(PCRE2 QUIET)
find_package(cppzmq QUIET)
find_package(GLPK 4.65 QUIET)
find_package(Eigen3 QUIET)   # no version here: 3.4's own version file refuses every range that reaches 5
find_package(xtensor QUIET)

# lingualinked_component(NAME TARGETS...): sets lingualinked_has_NAME, and says what is missing.
set(lingualinked_missing "")
function(lingualinked_component name package)
  set(has TRUE)
  set(missing "")
  foreach(target IN LISTS ARGN)
    if(NOT TARGET ${target})
      set(has FALSE)
      list(APPEND missing ${target})
    endif()
  endforeach()
  set(lingualinked_has_${name} ${has} PARENT_SCOPE)
  if(NOT has)
    list(JOIN missing ", " missing)
    message(STATUS "lingualinked: no component '${name}': ${missing} not found (Debian: ${package})")
  endif()
endfunction()

lingualinked_component(models "nlohmann-json3-dev libutf8proc-dev libpcre2-dev"
                       nlohmann_json::nlohmann_json utf8proc::utf8proc PCRE2::8BIT)
lingualinked_component(zmq "cppzmq-dev" cppzmq)
lingualinked_component(glpk "libglpk-dev" GLPK::GLPK)
lingualinked_component(eigen "libeigen3-dev" Eigen3::Eigen)
lingualinked_component(xtensor "libxtensor-dev" xtensor)
