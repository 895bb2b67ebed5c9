# One image for every process: web, worker, beat and migrate differ by their command alone.
FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE CHANGELOG.md ./
COPY service service
COPY workers workers
COPY templates templates
RUN python -m venv /opt/paperround \
    && /opt/paperround/bin/pip install --no-cache-dir --disable-pip-version-check -c constraints.txt '.[postgres]'

FROM python:3.12-slim
RUN useradd --system --uid 10001 --create-home --home-dir /data paperround
COPY --from=build /opt/paperround /opt/paperround
ENV PATH=/opt/paperround/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PAPERROUND_DATA_DIR=/data \
    PAPERROUND_HOST=0.0.0.0
USER paperround
WORKDIR /data
VOLUME /data
EXPOSE 8080
CMD ["paperround", "web"]
