# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The library's targets. All code lives under include/: what is heavy stands in *.ipp files behind thin headers, and each
# src.hpp below gathers one folder's. Here every src.hpp becomes one generated translation unit.
set(_include "${PROJECT_SOURCE_DIR}/include")

# lingualinked_headers(OUT PATTERNS...): headers and .ipp files below include/lingualinked.
function(lingualinked_headers out)
  set(patterns "")
  foreach(folder IN LISTS ARGN)
    list(APPEND patterns "${_include}/lingualinked/${folder}/*.hpp" "${_include}/lingualinked/${folder}/*.ipp")
  endforeach()
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${patterns})
  set(${out} "${files}" PARENT_SCOPE)
endfunction()

# lingualinked_target(NAME TYPE HEADERS...): target lingualinked_NAME, known to users as lingualinked::NAME.
function(lingualinked_target name type)
  add_library(lingualinked_${name} ${type})
  set_target_properties(lingualinked_${name} PROPERTIES EXPORT_NAME ${name})
  set(scope PUBLIC)
  if(type STREQUAL "INTERFACE")
    set(scope INTERFACE)
  endif()
  target_compile_features(lingualinked_${name} ${scope} cxx_std_20)
  target_sources(lingualinked_${name} ${scope} FILE_SET HEADERS BASE_DIRS "${_include}" FILES ${ARGN})
endfunction()

# lingualinked_units(NAME SRC_HPP...): one translation unit for each src.hpp.
function(lingualinked_units name)
  foreach(src IN LISTS ARGN)
    cmake_path(RELATIVE_PATH src BASE_DIRECTORY "${_include}" OUTPUT_VARIABLE header)
    cmake_path(GET header PARENT_PATH unit)
    string(REPLACE "/" "_" unit "${unit}")
    set(file "${PROJECT_BINARY_DIR}/units/${unit}.cpp")
    file(CONFIGURE OUTPUT "${file}" CONTENT "#include <@header@>\n" @ONLY)
    target_sources(lingualinked_${name} PRIVATE "${file}")
  endforeach()
  # Each unit already gathers a folder, and those of kernels are compiled for one instruction set each.
  set_target_properties(lingualinked_${name} PROPERTIES UNITY_BUILD OFF)
endfunction()

# core: header-only, standard library and threads. Whoever links models has what is heavy in it compiled there.
lingualinked_headers(_files core concepts tensor graph partition transport runtime pipeline simulation)
list(REMOVE_ITEM _files "${_include}/lingualinked/tensor/eigen.hpp" "${_include}/lingualinked/tensor/xtensor.hpp")
lingualinked_target(core INTERFACE "${_include}/lingualinked/version.hpp" ${_files})
target_link_libraries(lingualinked_core INTERFACE Threads::Threads)
add_library(lingualinked::core ALIAS lingualinked_core)

# kernels and models: compiled once, unless LINGUALINKED_HEADER_ONLY.
lingualinked_headers(_kernel_files kernels)
lingualinked_headers(_model_files formats text documents model execution probe)
file(GLOB_RECURSE _kernel_units CONFIGURE_DEPENDS "${_include}/lingualinked/kernels/src.hpp"
     "${_include}/lingualinked/kernels/*/src.hpp")
list(REMOVE_DUPLICATES _kernel_units)
set(_model_units "")
foreach(_folder graph partition transport runtime formats text documents model execution probe)
  file(GLOB _unit CONFIGURE_DEPENDS "${_include}/lingualinked/${_folder}/src.hpp")
  list(APPEND _model_units ${_unit})
endforeach()
# What computes, hashes and tokenises is ten times slower without optimisation: a build for a debugger or a sanitizer keeps it.
set(lingualinked_hot_options "$<$<AND:$<CONFIG:Debug>,$<CXX_COMPILER_ID:GNU,Clang,AppleClang>>:-O1>")

set(lingualinked_model_libraries nlohmann_json::nlohmann_json utf8proc::utf8proc PCRE2::8BIT)
if(LINGUALINKED_HEADER_ONLY OR NOT _kernel_units)
  lingualinked_target(kernels INTERFACE ${_kernel_files})
  target_compile_definitions(lingualinked_kernels INTERFACE $<$<BOOL:${LINGUALINKED_HEADER_ONLY}>:LINGUALINKED_HEADER_ONLY>)
  target_link_libraries(lingualinked_kernels INTERFACE lingualinked_core)
else()
  lingualinked_target(kernels STATIC ${_kernel_files})
  lingualinked_units(kernels ${_kernel_units})
  target_link_libraries(lingualinked_kernels PUBLIC lingualinked_core)
  # The code switches contraction off itself; this is belt and braces (MSVC does not contract by default).
  target_compile_options(lingualinked_kernels PRIVATE
    $<$<CXX_COMPILER_ID:GNU,Clang,AppleClang>:-ffp-contract=off> ${lingualinked_hot_options})
endif()
add_library(lingualinked::kernels ALIAS lingualinked_kernels)

if(lingualinked_has_models)
  if(LINGUALINKED_HEADER_ONLY OR NOT _model_units)
    lingualinked_target(models INTERFACE ${_model_files})
    target_link_libraries(lingualinked_models INTERFACE lingualinked_kernels ${lingualinked_model_libraries})
  else()
    lingualinked_target(models STATIC ${_model_files})
    lingualinked_units(models ${_model_units})
    target_compile_definitions(lingualinked_models PUBLIC LINGUALINKED_COMPILED_CORE)
    target_link_libraries(lingualinked_models PUBLIC lingualinked_kernels ${lingualinked_model_libraries})
    target_compile_options(lingualinked_models PRIVATE $<$<CXX_COMPILER_ID:GNU,Clang,AppleClang>:-ffp-contract=off>)
    foreach(_unit formats text)
      set_source_files_properties("${PROJECT_BINARY_DIR}/units/lingualinked_${_unit}.cpp" PROPERTIES
        COMPILE_OPTIONS "${lingualinked_hot_options}")
    endforeach()
  endif()
  add_library(lingualinked::models ALIAS lingualinked_models)

  file(GLOB _umbrella CONFIGURE_DEPENDS "${_include}/lingualinked/lingualinked.hpp")
  lingualinked_target(lingualinked INTERFACE ${_umbrella})
  target_link_libraries(lingualinked_lingualinked INTERFACE lingualinked_models)
  add_library(lingualinked::lingualinked ALIAS lingualinked_lingualinked)
endif()

# Components on one more library each. They are always made and installed, so that a package is complete whatever its
# builder had; the in-tree name exists only where the library was found.
function(lingualinked_optional name library)
  lingualinked_target(${name} INTERFACE ${ARGN})
  target_link_libraries(lingualinked_${name} INTERFACE lingualinked_core ${library})
  if(lingualinked_has_${name})
    add_library(lingualinked::${name} ALIAS lingualinked_${name})
  endif()
endfunction()
lingualinked_headers(_files zmq)
lingualinked_optional(zmq cppzmq ${_files})
lingualinked_headers(_files glpk)
lingualinked_optional(glpk GLPK::GLPK ${_files})
file(GLOB _files CONFIGURE_DEPENDS "${_include}/lingualinked/tensor/eigen.hpp")
lingualinked_optional(eigen Eigen3::Eigen ${_files})
file(GLOB _files CONFIGURE_DEPENDS "${_include}/lingualinked/tensor/xtensor.hpp")
lingualinked_optional(xtensor xtensor ${_files})
