# Builds the iris function as an image for AWS Lambda:
#
#     docker build -t iris-inference-image .
#     docker run -p 9000:8080 iris-inference-image:latest
#
# BASE_IMAGE is the image that the function runs on: any Linux image with Python 3.11 or later.
# BUILD_IMAGE is where the model is opened and compiled. It must have the same Python, and pip. Set your own image if
# packages are downloaded through a proxy: its certificates and settings stay in the first stage.
ARG BASE_IMAGE=public.ecr.aws/lambda/python:3.13
ARG BUILD_IMAGE=${BASE_IMAGE}

# First stage: open the trained model with the library that trained it, compile it, verify the answers.
# The image is for the architecture of the builder, so the function is too.
FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY . .
RUN python3 -m pip install --no-cache-dir --progress-bar off --root-user-action ignore --target /opt/build \
    --constraint constraints.txt --requirement examples/iris/requirements.txt .
# LightGBM needs OpenMP from the system, which small base images do not have. This stage uses that of scikit-learn.
RUN mkdir /opt/openmp && for library in /opt/build/scikit_learn.libs/libgomp*; do \
    ln -s "$library" /opt/openmp/libgomp.so.1; done
RUN LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/opt/openmp" \
    PYTHONPATH=/opt/build python3 -m iris_model.cli package examples/iris --output /out --install-requirements \
    --arch "$(uname -m)"

# If `package` selected the Python runtime, a file with the name of the executable starts it.
# -S: do not search for site-packages, because every import is in the function directory. This makes cold starts faster.
RUN test -e /out/bootstrap || { printf '#!/bin/sh\nexec python3 -S %s "$@"\n' /var/task/iris_model/runtime/__main__.py \
    > /out/bootstrap && chmod 755 /out/bootstrap; }

# Second stage: the base image and the function directory. Lambda loads nothing else.
FROM ${BASE_IMAGE}
COPY --from=build /out /var/task
WORKDIR /var/task
# The executable, or the script that starts Python.
ENTRYPOINT ["/var/task/bootstrap"]
CMD ["app.handler"]
