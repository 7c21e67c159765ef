# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Each component is an export set of its own, and a package is complete whatever its builder had: the installed config
# resolves the libraries of those components that a consumer asks for, and no others.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/lingualinked")
set(lingualinked_components core kernels zmq glpk eigen xtensor)
if(lingualinked_has_models)
  list(APPEND lingualinked_components models lingualinked)
endif()

foreach(_component IN LISTS lingualinked_components)
  install(TARGETS lingualinked_${_component} EXPORT lingualinked-${_component}-targets
          ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
          FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT lingualinked-${_component}-targets NAMESPACE lingualinked:: DESTINATION "${_package_dir}")
endforeach()

configure_package_config_file(cmake/lingualinked-config.cmake.in "${PROJECT_BINARY_DIR}/lingualinked-config.cmake"
                              INSTALL_DESTINATION "${_package_dir}")
set(_arch "")
if(LINGUALINKED_HEADER_ONLY)
  set(_arch ARCH_INDEPENDENT)
endif()
write_basic_package_version_file("${PROJECT_BINARY_DIR}/lingualinked-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion ${_arch})
install(FILES "${PROJECT_BINARY_DIR}/lingualinked-config.cmake" "${PROJECT_BINARY_DIR}/lingualinked-config-version.cmake"
              cmake/FindGLPK.cmake cmake/FindPCRE2.cmake cmake/Findutf8proc.cmake
        DESTINATION "${_package_dir}")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
