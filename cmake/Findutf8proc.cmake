# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Defines utf8proc::utf8proc. Conan and newer releases have a CMake package of that name, vcpkg one called
# unofficial-utf8proc with the target utf8proc, Debian only libutf8proc.pc.
find_package(utf8proc CONFIG QUIET NAMES utf8proc unofficial-utf8proc)
if(TARGET utf8proc AND NOT TARGET utf8proc::utf8proc)
  add_library(utf8proc::utf8proc INTERFACE IMPORTED)
  set_target_properties(utf8proc::utf8proc PROPERTIES INTERFACE_LINK_LIBRARIES utf8proc)
endif()
if(TARGET utf8proc::utf8proc)
  include(FindPackageHandleStandardArgs)
  find_package_handle_standard_args(utf8proc CONFIG_MODE)
  return()
endif()

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_UTF8PROC QUIET libutf8proc)
endif()
find_path(UTF8PROC_INCLUDE_DIR utf8proc.h HINTS ${PC_UTF8PROC_INCLUDE_DIRS})
find_library(UTF8PROC_LIBRARY utf8proc HINTS ${PC_UTF8PROC_LIBRARY_DIRS})
set(utf8proc_VERSION "${PC_UTF8PROC_VERSION}")
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(utf8proc REQUIRED_VARS UTF8PROC_LIBRARY UTF8PROC_INCLUDE_DIR
                                  VERSION_VAR utf8proc_VERSION)
mark_as_advanced(UTF8PROC_INCLUDE_DIR UTF8PROC_LIBRARY)
if(utf8proc_FOUND AND NOT TARGET utf8proc::utf8proc)
  add_library(utf8proc::utf8proc UNKNOWN IMPORTED)
  set_target_properties(utf8proc::utf8proc PROPERTIES
    IMPORTED_LOCATION "${UTF8PROC_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${UTF8PROC_INCLUDE_DIR}")
endif()
