# Vanthu's API and worker. Not built by the authors: no container engine was at hand.
FROM python:3.11.14-slim-bookworm AS environment
WORKDIR /source
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python -m venv --without-pip /opt/vanthu \
    && python -m pip --python /opt/vanthu/bin/python install --no-cache-dir \
        --require-hashes --no-deps --only-binary=:all: -r requirements/build.txt \
    && /opt/vanthu/bin/python -m pip install --no-cache-dir \
        --require-hashes --no-deps --only-binary=:all: -r requirements/runtime.txt
COPY . .
RUN /opt/vanthu/bin/python -m pip install --no-cache-dir \
        --no-index --no-deps --no-build-isolation .

FROM python:3.11.14-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/vanthu vanthu
COPY --from=environment /opt/vanthu /opt/vanthu
ENV PATH=/opt/vanthu/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    VANTHU_DATA_DIR=/var/lib/vanthu
WORKDIR /var/lib/vanthu
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health/ready', timeout=3)"]
CMD ["vanthu", "serve", "--host", "0.0.0.0", "--port", "8000"]
